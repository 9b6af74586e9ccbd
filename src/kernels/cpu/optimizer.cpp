// Optimizer steps: one pass over the memory of each range and row.
#include "kernels/cpu/operations.h"

#include "kernels/cpu/element_blocks.h"
#include "kernels/cpu/update_list.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

float sqrt(float x) { return __builtin_sqrtf(x); }
float sign(float x) { return (x > 0.0F ? 1.0F : 0.0F) - (x < 0.0F ? 1.0F : 0.0F); }
float f32(double x) { return static_cast<float>(x); }

// The gradient with which every rule begins.
struct Gradient {
  const float *gradients, *values;
  float scale, l2;
  float operator()(std::int64_t i) const { return gradients[i] * scale + l2 * values[i]; }
};
template <typename Op>
Gradient gradient_of(const Op& op) {
  return {op.gradients, op.values, op.gradient_scale, f32(op.l2)};
}

// An exponential average: old * beta + new * (1 - beta), the rest computed in double.
struct Decay {
  float beta, rest;
  explicit Decay(double b) : beta(f32(b)), rest(f32(1 - b)) {}
};

void adam_numbers(const AdamStep& op) {
  const Gradient gradient = gradient_of(op);
  const Decay first(op.beta1), second(op.beta2);
  const float rate = f32(op.rate), gradient_rate = f32(op.gradient_rate), eps = f32(op.eps);
  const float sqrt_scale = f32(op.sqrt_scale), value_scale = f32(op.value_scale);
  float *values = op.values, *m = op.exp_avg, *v = op.exp_avg_sq, *max_v = op.max_exp_avg_sq;
  const auto moments = [=](std::int64_t i) {
    const float g = gradient(i);
    m[i] = first.beta * m[i] + first.rest * g;
    v[i] = second.beta * v[i] + second.rest * g * g;
    return g;
  };
  if (!op.adaptive) {
    for_elements(0, op.size, [=](std::int64_t i) {
      moments(i);
      values[i] = values[i] * value_scale - rate * m[i];
    });
  } else if (max_v != nullptr) {
    for_elements(0, op.size, [=](std::int64_t i) {
      moments(i);
      max_v[i] = max(max_v[i], v[i]);
      values[i] = values[i] * value_scale - rate * m[i] / (sqrt(max_v[i]) * sqrt_scale + eps);
    });
  } else if (gradient_rate != 0.0F) {
    for_elements(0, op.size, [=](std::int64_t i) {
      const float g = moments(i);
      values[i] =
          values[i] * value_scale - (gradient_rate * g + rate * m[i]) / (sqrt(v[i]) * sqrt_scale + eps);
    });
  } else {
    for_elements(0, op.size, [=](std::int64_t i) {
      moments(i);
      values[i] = values[i] * value_scale - rate * m[i] / (sqrt(v[i]) * sqrt_scale + eps);
    });
  }
}

void sgd_numbers(const SgdStep& op) {
  const Gradient gradient = gradient_of(op);
  const float rate = f32(op.rate), value_scale = f32(op.value_scale), momentum = f32(op.momentum);
  const float one_minus_dampening = f32(op.one_minus_dampening), gradient_weight = f32(op.gradient_weight),
              buffer_weight = f32(op.buffer_weight);
  float *values = op.values, *buffer = op.momentum_buffer;
  if (buffer == nullptr) {
    for_elements(0, op.size,
                 [=](std::int64_t i) { values[i] = values[i] * value_scale - rate * gradient(i); });
    return;
  }
  for_elements(0, op.size, [=](std::int64_t i) {
    const float g = gradient(i);
    buffer[i] = momentum * buffer[i] + one_minus_dampening * g;
    values[i] = values[i] * value_scale - rate * (gradient_weight * g + buffer_weight * buffer[i]);
  });
}

void adamax_numbers(const AdamaxStep& op) {
  const Gradient gradient = gradient_of(op);
  const Decay first(op.beta1);
  const float beta2 = f32(op.beta2), eps = f32(op.eps), rate = f32(op.rate);
  float *values = op.values, *m = op.exp_avg, *norm = op.exp_inf;
  for_elements(0, op.size, [=](std::int64_t i) {
    const float g = gradient(i);
    m[i] = first.beta * m[i] + first.rest * g;
    norm[i] = max(beta2 * norm[i], abs(g) + eps);
    values[i] -= rate * m[i] / norm[i];
  });
}

void adagrad_numbers(const AdagradStep& op) {
  const Gradient gradient = gradient_of(op);
  const float rate = f32(op.rate), eps = f32(op.eps);
  float *values = op.values, *sum = op.sum;
  for_elements(0, op.size, [=](std::int64_t i) {
    const float g = gradient(i);
    sum[i] += g * g;
    values[i] -= rate * g / (sqrt(sum[i]) + eps);
  });
}

void adadelta_numbers(const AdadeltaStep& op) {
  const Gradient gradient = gradient_of(op);
  const Decay rho(op.rho);
  const float rate = f32(op.rate), eps = f32(op.eps);
  float *values = op.values, *squares = op.square_avg, *deltas = op.acc_delta;
  for_elements(0, op.size, [=](std::int64_t i) {
    const float g = gradient(i);
    squares[i] = rho.beta * squares[i] + rho.rest * g * g;
    const float delta = sqrt(deltas[i] + eps) / sqrt(squares[i] + eps) * g;
    deltas[i] = rho.beta * deltas[i] + rho.rest * delta * delta;
    values[i] -= rate * delta;
  });
}

void rmsprop_numbers(const RmspropStep& op) {
  const Gradient gradient = gradient_of(op);
  const Decay alpha(op.alpha);
  const float rate = f32(op.rate), eps = f32(op.eps), momentum = f32(op.momentum);
  float *values = op.values, *squares = op.square_avg, *means = op.grad_avg, *buffer = op.momentum_buffer;
  const auto step_by = [=](const auto& direction) {
    if (buffer == nullptr) {
      for_elements(0, op.size, [=](std::int64_t i) { values[i] -= rate * direction(i); });
    } else {
      for_elements(0, op.size, [=](std::int64_t i) {
        buffer[i] = momentum * buffer[i] + direction(i);
        values[i] -= rate * buffer[i];
      });
    }
  };
  if (means == nullptr) {
    step_by([=](std::int64_t i) {
      const float g = gradient(i);
      squares[i] = alpha.beta * squares[i] + alpha.rest * g * g;
      return g / (sqrt(squares[i]) + eps);
    });
  } else {
    step_by([=](std::int64_t i) {
      const float g = gradient(i);
      squares[i] = alpha.beta * squares[i] + alpha.rest * g * g;
      means[i] = alpha.beta * means[i] + alpha.rest * g;
      // Rounding can make a variance negative; PyTorch's root of it is NaN.
      return g / (sqrt(max(squares[i] - means[i] * means[i], 0.0F)) + eps);
    });
  }
}

void asgd_numbers(const AsgdStep& op) {
  const Gradient gradient = gradient_of(op);
  const float rate = f32(op.rate), value_scale = f32(op.value_scale), mu = f32(op.mu);
  float *values = op.values, *average = op.average;
  for_elements(0, op.size, [=](std::int64_t i) {
    values[i] = values[i] * value_scale - rate * gradient(i);
    average[i] = mu == 1.0F ? values[i] : average[i] + (values[i] - average[i]) * mu;
  });
}

void rprop_numbers(const RpropStep& op) {
  const float scale = op.gradient_scale, etaminus = f32(op.etaminus), etaplus = f32(op.etaplus);
  const float min_size = f32(op.step_size_min), max_size = f32(op.step_size_max);
  const float* gradients = op.gradients;
  float *values = op.values, *previous = op.previous, *step_size = op.step_size;
  for_elements(0, op.size, [=](std::int64_t i) {
    const float g = gradients[i] * scale, agreement = sign(g) * sign(previous[i]);
    const float grown = step_size[i] * (agreement > 0.0F ? etaplus : agreement < 0.0F ? etaminus : 1.0F);
    step_size[i] = grown < min_size ? min_size : grown > max_size ? max_size : grown;
    previous[i] = agreement < 0.0F ? 0.0F : g;
    values[i] -= sign(previous[i]) * step_size[i];
  });
}

void lion_numbers(const LionStep& op) {
  const Decay direction(op.beta1), average(op.beta2);
  const float scale = op.gradient_scale, rate = f32(op.rate), value_scale = f32(op.value_scale);
  const float* gradients = op.gradients;
  float *values = op.values, *m = op.exp_avg;
  for_elements(0, op.size, [=](std::int64_t i) {
    const float g = gradients[i] * scale;
    values[i] = values[i] * value_scale - rate * sign(direction.beta * m[i] + direction.rest * g);
    m[i] = average.beta * m[i] + average.rest * g;
  });
}

}  // namespace

void adam_step(const UpdateList<AdamStep>& list) { update(list, adam_numbers); }
void sgd_step(const UpdateList<SgdStep>& list) { update(list, sgd_numbers); }
void adamax_step(const UpdateList<AdamaxStep>& list) { update(list, adamax_numbers); }
void adagrad_step(const UpdateList<AdagradStep>& list) { update(list, adagrad_numbers); }
void adadelta_step(const UpdateList<AdadeltaStep>& list) { update(list, adadelta_numbers); }
void rmsprop_step(const UpdateList<RmspropStep>& list) { update(list, rmsprop_numbers); }
void asgd_step(const UpdateList<AsgdStep>& list) { update(list, asgd_numbers); }
void rprop_step(const UpdateList<RpropStep>& list) { update(list, rprop_numbers); }
void lion_step(const UpdateList<LionStep>& list) { update(list, lion_numbers); }

}  // namespace bertune::kernels::BERTUNE_ISA
