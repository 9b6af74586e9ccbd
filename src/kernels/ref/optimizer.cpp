#include "kernels/ref/optimizer.h"

#include <algorithm>
#include <cmath>

namespace bertune::kernels::ref {
namespace {

template <typename Op>
double gradient_of(const Op& op, std::int64_t i) {
  const double gradient = static_cast<double>(op.gradients[i]) * op.gradient_scale;
  if constexpr (requires { op.l2; }) return gradient + op.l2 * op.values[i];
  return gradient;
}

double root(float x) { return std::sqrt(static_cast<double>(x)); }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

void decay(float& average, double beta, double value) {
  average = static_cast<float>(beta * average + (1 - beta) * value);
}
template <typename Op>
void set(const Op& op, std::int64_t i, double value) {
  op.values[i] = static_cast<float>(value);
}

}  // namespace

void adam_step(const AdamStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    decay(op.exp_avg[i], op.beta1, gradient);
    decay(op.exp_avg_sq[i], op.beta2, gradient * gradient);
    if (op.max_exp_avg_sq != nullptr) op.max_exp_avg_sq[i] = std::max(op.max_exp_avg_sq[i], op.exp_avg_sq[i]);
    const float squares = op.max_exp_avg_sq != nullptr ? op.max_exp_avg_sq[i] : op.exp_avg_sq[i];
    const double denominator = op.adaptive ? root(squares) * op.root_scale + op.eps : 1.0;
    set(op, i,
        op.values[i] * op.shrink - (op.gradient_rate * gradient + op.rate * op.exp_avg[i]) / denominator);
  }
}

void sgd_step(const SgdStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    double direction = gradient_of(op, i);
    if (op.momentum_buffer != nullptr) {
      float& buffer = op.momentum_buffer[i];
      buffer = static_cast<float>(op.kept * buffer + op.fresh * direction);
      direction = op.ahead * direction + op.behind * buffer;
    }
    set(op, i, op.values[i] * op.shrink - op.rate * direction);
  }
}

void adamax_step(const AdamaxStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    decay(op.exp_avg[i], op.beta1, gradient);
    op.exp_inf[i] = static_cast<float>(std::max(op.beta2 * op.exp_inf[i], std::abs(gradient) + op.eps));
    set(op, i, op.values[i] - op.rate * op.exp_avg[i] / op.exp_inf[i]);
  }
}

void adagrad_step(const AdagradStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    op.sum[i] = static_cast<float>(op.sum[i] + gradient * gradient);
    set(op, i, op.values[i] - op.rate * gradient / (root(op.sum[i]) + op.eps));
  }
}

void adadelta_step(const AdadeltaStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    decay(op.square_avg[i], op.rho, gradient * gradient);
    const double delta =
        std::sqrt(op.acc_delta[i] + op.eps) / std::sqrt(op.square_avg[i] + op.eps) * gradient;
    decay(op.acc_delta[i], op.rho, delta * delta);
    set(op, i, op.values[i] - op.rate * delta);
  }
}

void rmsprop_step(const RmspropStep& op) {
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

void asgd_step(const AsgdStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    set(op, i, op.values[i] * op.shrink - op.rate * gradient_of(op, i));
    const double distance = static_cast<double>(op.values[i]) - op.average[i];
    op.average[i] = op.mu == 1 ? op.values[i] : static_cast<float>(op.average[i] + distance * op.mu);
  }
}

void rprop_step(const RpropStep& op) {
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

void lion_step(const LionStep& op) {
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double gradient = gradient_of(op, i);
    const double direction = sign(op.beta1 * op.exp_avg[i] + (1 - op.beta1) * gradient);
    set(op, i, op.values[i] * op.shrink - op.rate * direction);
    decay(op.exp_avg[i], op.beta2, gradient);
  }
}

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

void factored_update(const FactoredUpdate& op) {
  for (std::int64_t i = 0; i < op.rows * op.columns; ++i) {
    const double factor = op.row != nullptr ? op.row[i / op.columns] * op.row_scale : op.row_scale;
    const double variance = std::max(factor * op.column[i % op.columns], op.floor);
    op.update[i] =
        static_cast<float>(static_cast<double>(op.gradients[i]) * op.gradient_scale / std::sqrt(variance));
  }
}

double sum_of_squares(const float* values, std::int64_t size) {
  double sum = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(values[i]) * values[i];
  return sum;
}

}  // namespace bertune::kernels::ref
