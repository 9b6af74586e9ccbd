// The meaning of the optimizers' operations, one number after another, in double between what is stored.
#include <algorithm>
#include <cmath>

#include "kernels/ref/table.h"

namespace bertune::kernels::ref {
namespace {

template <typename Op>
double gradient_of(const Op& op, std::int64_t i) {
  const double gradient = static_cast<double>(op.gradients[i]) * op.gradient_scale;
  if constexpr (requires { op.l2; }) return gradient + op.l2 * op.values[i];
  return gradient;
}

double sqrt_of(float x) { return std::sqrt(static_cast<double>(x)); }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

void decay(float& average, double beta, double value) {
  average = static_cast<float>(beta * average + (1 - beta) * value);
}
template <typename Op>
void set(const Op& op, std::int64_t i, double value) {
  op.values[i] = static_cast<float>(value);
}

void adam_numbers(const AdamStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    decay(op.exp_avg[i], op.beta1, gradient);
    decay(op.exp_avg_sq[i], op.beta2, gradient * gradient);
    if (op.max_exp_avg_sq != nullptr) op.max_exp_avg_sq[i] = std::max(op.max_exp_avg_sq[i], op.exp_avg_sq[i]);
    const float squares = op.max_exp_avg_sq != nullptr ? op.max_exp_avg_sq[i] : op.exp_avg_sq[i];
    const double denominator = op.adaptive ? sqrt_of(squares) * op.sqrt_scale + op.eps : 1.0;
    set(op, i,
        op.values[i] * op.value_scale -
            (op.gradient_rate * gradient + op.rate * op.exp_avg[i]) / denominator);
  }
}

void sgd_numbers(const SgdStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    double direction = gradient_of(op, i);
    if (op.momentum_buffer != nullptr) {
      float& buffer = op.momentum_buffer[i];
      buffer = static_cast<float>(op.momentum * buffer + op.one_minus_dampening * direction);
      direction = op.gradient_weight * direction + op.buffer_weight * buffer;
    }
    set(op, i, op.values[i] * op.value_scale - op.rate * direction);
  }
}

void adamax_numbers(const AdamaxStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    decay(op.exp_avg[i], op.beta1, gradient);
    op.exp_inf[i] = static_cast<float>(std::max(op.beta2 * op.exp_inf[i], std::abs(gradient) + op.eps));
    set(op, i, op.values[i] - op.rate * op.exp_avg[i] / op.exp_inf[i]);
  }
}

void adagrad_numbers(const AdagradStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    op.sum[i] = static_cast<float>(op.sum[i] + gradient * gradient);
    set(op, i, op.values[i] - op.rate * gradient / (sqrt_of(op.sum[i]) + op.eps));
  }
}

void adadelta_numbers(const AdadeltaStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    decay(op.square_avg[i], op.rho, gradient * gradient);
    const double delta =
        std::sqrt(op.acc_delta[i] + op.eps) / std::sqrt(op.square_avg[i] + op.eps) * gradient;
    decay(op.acc_delta[i], op.rho, delta * delta);
    set(op, i, op.values[i] - op.rate * delta);
  }
}

void rmsprop_numbers(const RmspropStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    decay(op.square_avg[i], op.alpha, gradient * gradient);
    double variance = op.square_avg[i];
    if (op.grad_avg != nullptr) {
      decay(op.grad_avg[i], op.alpha, gradient);
      variance = std::max(0.0, variance - static_cast<double>(op.grad_avg[i]) * op.grad_avg[i]);
    }
    double direction = gradient / (std::sqrt(variance) + op.eps);
    if (op.momentum_buffer != nullptr) {
      float& buffer = op.momentum_buffer[i];
      buffer = static_cast<float>(op.momentum * buffer + direction);
      direction = buffer;
    }
    set(op, i, op.values[i] - op.rate * direction);
  }
}

void asgd_numbers(const AsgdStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    set(op, i, op.values[i] * op.value_scale - op.rate * gradient_of(op, i));
    const double distance = static_cast<double>(op.values[i]) - op.average[i];
    op.average[i] = op.mu == 1 ? op.values[i] : static_cast<float>(op.average[i] + distance * op.mu);
  }
}

void rprop_numbers(const RpropStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    const double agreement = sign(gradient) * sign(op.previous[i]);
    const double factor = agreement > 0 ? op.etaplus : agreement < 0 ? op.etaminus : 1.0;
    op.step_size[i] =
        static_cast<float>(std::clamp(op.step_size[i] * factor, op.step_size_min, op.step_size_max));
    op.previous[i] = agreement < 0 ? 0.0F : static_cast<float>(gradient);
    set(op, i, op.values[i] - sign(op.previous[i]) * op.step_size[i]);
  }
}

void lion_numbers(const LionStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    const double direction = sign(op.beta1 * op.exp_avg[i] + (1 - op.beta1) * gradient);
    set(op, i, op.values[i] * op.value_scale - op.rate * direction);
    decay(op.exp_avg[i], op.beta2, gradient);
  }
}

// Every range, then every row through its steps.
template <typename Step>
void update(const UpdateList<Step>& list, void (*rule)(const Step&)) {
  for (std::int64_t i = 0; i < list.range_count; ++i) rule(list.ranges[i]);
  for (std::int64_t i = 0; i < list.row_count; ++i) {
    const SteppedRow& row = list.rows[i];
    for (std::int64_t j = row.first; j < row.end; ++j) {
      Step step = list.row_steps[j];
      const std::int64_t offset = row.row * step.size, state_offset = row.state_row * step.size;
      step.values += offset;
      if (!list.one_gradient) step.gradients += offset;
      step.for_each_state([&](float*& state) {
        if (state != nullptr) state += state_offset;
      });
      rule(step);
    }
  }
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

void square_sums(const SquareSums& op) {
  const auto square = [&](std::int64_t i) { return static_cast<double>(op.x[i]) * op.x[i]; };
  for (std::int64_t row = 0; row < op.rows; ++row) {
    double sum = 0;
    for (std::int64_t column = 0; column < op.columns; ++column) sum += square(row * op.columns + column);
    op.row_sums[row] = static_cast<float>(sum);
  }
  for (std::int64_t column = 0; column < op.columns; ++column) {
    double sum = 0;
    for (std::int64_t row = 0; row < op.rows; ++row) sum += square(row * op.columns + column);
    op.column_sums[column] = static_cast<float>(sum);
  }
}

void decay_average(const DecayAverage& op) {
  double sum = 0;
  for (std::int64_t i = 0; i < op.size; ++i) {
    op.average[i] = static_cast<float>(op.average[i] + op.weight * (op.target[i] * op.scale - op.average[i]));
    sum += op.average[i];
  }
  if (op.result != nullptr) *op.result = sum;
}

void factored_update(const FactoredUpdate& op) {
  for (std::int64_t i = 0; i < op.rows * op.columns; ++i) {
    const double factor = op.row != nullptr ? op.row[i / op.columns] * op.row_scale : op.row_scale;
    const double variance = std::max(factor * op.column[i % op.columns], op.floor);
    op.update[i] =
        static_cast<float>(static_cast<double>(op.gradients[i]) * op.gradient_scale / std::sqrt(variance));
  }
}

}  // namespace bertune::kernels::ref
