// Optimizer steps: one pass over contiguous memory.
#include "kernels/cpu/optimizer.h"

#include "kernels/cpu/element_blocks.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

float root(float x) { return __builtin_sqrtf(x); }
float larger(float a, float b) { return a > b ? a : b; }
float sign(float x) { return (x > 0.0F ? 1.0F : 0.0F) - (x < 0.0F ? 1.0F : 0.0F); }
float single(double x) { return static_cast<float>(x); }

// What every rule begins with.
struct Gradient {
  const float *gradients, *values;
  float scale, l2;
  float operator()(std::int64_t i) const { return gradients[i] * scale + l2 * values[i]; }
};
template <typename Op>
Gradient gradient_of(const Op& op) {
  return {op.gradients, op.values, op.gradient_scale, single(op.l2)};
}

// An exponential average: old * beta + new * (1 - beta), the rest computed in double.
struct Decay {
  float beta, rest;
  explicit Decay(double b) : beta(single(b)), rest(single(1 - b)) {}
};

}  // namespace

void adam_step(const AdamStep& op) {
  const Gradient gradient = gradient_of(op);
  const Decay first(op.beta1), second(op.beta2);
  const float rate = single(op.rate), gradient_rate = single(op.gradient_rate), eps = single(op.eps);
  const float root_scale = single(op.root_scale), shrink = single(op.shrink);
  float *values = op.values, *m = op.exp_avg, *v = op.exp_avg_sq, *most = op.max_exp_avg_sq;
  const auto moments = [=](std::int64_t i) {
    const float g = gradient(i);
    m[i] = first.beta * m[i] + first.rest * g;
    v[i] = second.beta * v[i] + second.rest * g * g;
    return g;
  };
  if (!op.adaptive) {
    for_elements(op.size, [=](std::int64_t i) {
      moments(i);
      values[i] = values[i] * shrink - rate * m[i];
    });
  } else if (most != nullptr) {
    for_elements(op.size, [=](std::int64_t i) {
      moments(i);
      most[i] = larger(most[i], v[i]);
      values[i] = values[i] * shrink - rate * m[i] / (root(most[i]) * root_scale + eps);
    });
  } else if (gradient_rate != 0.0F) {
    for_elements(op.size, [=](std::int64_t i) {
      const float g = moments(i);
      values[i] = values[i] * shrink - (gradient_rate * g + rate * m[i]) / (root(v[i]) * root_scale + eps);
    });
  } else {
    for_elements(op.size, [=](std::int64_t i) {
      moments(i);
      values[i] = values[i] * shrink - rate * m[i] / (root(v[i]) * root_scale + eps);
    });
  }
}

void sgd_step(const SgdStep& op) {
  const Gradient gradient = gradient_of(op);
  const float rate = single(op.rate), shrink = single(op.shrink), kept = single(op.kept);
  const float fresh = single(op.fresh), ahead = single(op.ahead), behind = single(op.behind);
  float *values = op.values, *buffer = op.momentum_buffer;
  if (buffer == nullptr) {
    for_elements(op.size, [=](std::int64_t i) { values[i] = values[i] * shrink - rate * gradient(i); });
    return;
  }
  for_elements(op.size, [=](std::int64_t i) {
    const float g = gradient(i);
    buffer[i] = kept * buffer[i] + fresh * g;
    values[i] = values[i] * shrink - rate * (ahead * g + behind * buffer[i]);
  });
}

void adamax_step(const AdamaxStep& op) {
  const Gradient gradient = gradient_of(op);
  const Decay first(op.beta1);
  const float beta2 = single(op.beta2), eps = single(op.eps), rate = single(op.rate);
  float *values = op.values, *m = op.exp_avg, *largest = op.exp_inf;
  for_elements(op.size, [=](std::int64_t i) {
    const float g = gradient(i);
    m[i] = first.beta * m[i] + first.rest * g;
    largest[i] = larger(beta2 * largest[i], __builtin_fabsf(g) + eps);
    values[i] -= rate * m[i] / largest[i];
  });
}

void adagrad_step(const AdagradStep& op) {
  const Gradient gradient = gradient_of(op);
  const float rate = single(op.rate), eps = single(op.eps);
  float *values = op.values, *sum = op.sum;
  for_elements(op.size, [=](std::int64_t i) {
    const float g = gradient(i);
    sum[i] += g * g;
    values[i] -= rate * g / (root(sum[i]) + eps);
  });
}

void adadelta_step(const AdadeltaStep& op) {
  const Gradient gradient = gradient_of(op);
  const Decay rho(op.rho);
  const float rate = single(op.rate), eps = single(op.eps);
  float *values = op.values, *squares = op.square_avg, *deltas = op.acc_delta;
  for_elements(op.size, [=](std::int64_t i) {
    const float g = gradient(i);
    squares[i] = rho.beta * squares[i] + rho.rest * g * g;
    const float delta = root(deltas[i] + eps) / root(squares[i] + eps) * g;
    deltas[i] = rho.beta * deltas[i] + rho.rest * delta * delta;
    values[i] -= rate * delta;
  });
}

void rmsprop_step(const RmspropStep& op) {
  const Gradient gradient = gradient_of(op);
  const Decay alpha(op.alpha);
  const float rate = single(op.rate), eps = single(op.eps), momentum = single(op.momentum);
  float *values = op.values, *squares = op.square_avg, *means = op.grad_avg, *buffer = op.momentum_buffer;
  const auto step_by = [=](const auto& direction) {
    if (buffer == nullptr) {
      for_elements(op.size, [=](std::int64_t i) { values[i] -= rate * direction(i); });
    } else {
      for_elements(op.size, [=](std::int64_t i) {
        buffer[i] = momentum * buffer[i] + direction(i);
        values[i] -= rate * buffer[i];
      });
    }
  };
  if (means == nullptr) {
    step_by([=](std::int64_t i) {
      const float g = gradient(i);
      squares[i] = alpha.beta * squares[i] + alpha.rest * g * g;
      return g / (root(squares[i]) + eps);
    });
  } else {
    step_by([=](std::int64_t i) {
      const float g = gradient(i);
      squares[i] = alpha.beta * squares[i] + alpha.rest * g * g;
      means[i] = alpha.beta * means[i] + alpha.rest * g;
      // Rounding can make a variance negative; PyTorch's root of it is not a number.
      return g / (root(larger(squares[i] - means[i] * means[i], 0.0F)) + eps);
    });
  }
}

void asgd_step(const AsgdStep& op) {
  const Gradient gradient = gradient_of(op);
  const float rate = single(op.rate), shrink = single(op.shrink), mu = single(op.mu);
  float *values = op.values, *average = op.average;
  for_elements(op.size, [=](std::int64_t i) {
    values[i] = values[i] * shrink - rate * gradient(i);
    average[i] = mu == 1.0F ? values[i] : average[i] + (values[i] - average[i]) * mu;
  });
}

void rprop_step(const RpropStep& op) {
  const float scale = op.gradient_scale, etaminus = single(op.etaminus), etaplus = single(op.etaplus);
  const float least = single(op.step_size_min), most = single(op.step_size_max);
  const float* gradients = op.gradients;
  float *values = op.values, *previous = op.previous, *step_size = op.step_size;
  for_elements(op.size, [=](std::int64_t i) {
    const float g = gradients[i] * scale, agreement = sign(g) * sign(previous[i]);
    const float grown = step_size[i] * (agreement > 0.0F ? etaplus : agreement < 0.0F ? etaminus : 1.0F);
    step_size[i] = grown < least ? least : grown > most ? most : grown;
    previous[i] = agreement < 0.0F ? 0.0F : g;
    values[i] -= sign(previous[i]) * step_size[i];
  });
}

void lion_step(const LionStep& op) {
  const Decay ahead(op.beta1), kept(op.beta2);
  const float scale = op.gradient_scale, rate = single(op.rate), shrink = single(op.shrink);
  const float* gradients = op.gradients;
  float *values = op.values, *m = op.exp_avg;
  for_elements(op.size, [=](std::int64_t i) {
    const float g = gradients[i] * scale;
    values[i] = values[i] * shrink - rate * sign(ahead.beta * m[i] + ahead.rest * g);
    m[i] = kept.beta * m[i] + kept.rest * g;
  });
}

}  // namespace bertune::kernels::BERTUNE_ISA
