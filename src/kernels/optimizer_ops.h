// The optimizers' part of the table of operations: rules of torch.optim over `size` numbers, each number for
// itself. What depends on the step (bias corrections, decayed rates) comes computed, in double: the rules
// here are arithmetic only, and are shared by what differs in nothing else.
//
// In all of them gradient = gradients[i] * gradient_scale + l2 * values[i], with the value before the step.
#pragma once

#include <cstdint>

namespace bertune::kernels {

// Adam, AdamW, NAdam, RAdam, SparseAdam, and the direction of LAMB:
// value = value * value_scale - (gradient_rate * gradient + rate * exp_avg) / (sqrt(exp_avg_sq) * sqrt_scale
// + eps)
struct AdamStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float *exp_avg = nullptr, *exp_avg_sq = nullptr;
  float* max_exp_avg_sq = nullptr;  // with it, the square root is of the largest exp_avg_sq so far (AMSGrad)
  float gradient_scale = 1;
  double beta1 = 0, beta2 = 0, eps = 0;
  double l2 = 0, value_scale = 1;  // weight decay coupled to the gradient, and decoupled
  double rate = 0, gradient_rate = 0;
  double sqrt_scale = 1;
  bool adaptive = true;  // false: nothing is divided (the first steps of RAdam)

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(exp_avg), visit(exp_avg_sq), visit(max_exp_avg_sq);
  }
};

// buffer = momentum * buffer + one_minus_dampening * gradient;
// value = value * value_scale - rate * (gradient_weight * gradient + buffer_weight * buffer);
// without a buffer value = value * value_scale - rate * gradient.
struct SgdStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float* momentum_buffer = nullptr;
  float gradient_scale = 1;
  double l2 = 0, value_scale = 1, rate = 0;
  double momentum = 0, one_minus_dampening = 1, gradient_weight = 0, buffer_weight = 1;

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(momentum_buffer);
  }
};

// exp_inf = max(beta2 * exp_inf, |gradient| + eps); value -= rate * exp_avg / exp_inf
struct AdamaxStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float *exp_avg = nullptr, *exp_inf = nullptr;
  float gradient_scale = 1;
  double beta1 = 0, beta2 = 0, eps = 0, l2 = 0, rate = 0;

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(exp_avg), visit(exp_inf);
  }
};

// sum += gradient^2; value -= rate * gradient / (sqrt(sum) + eps)
struct AdagradStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float* sum = nullptr;
  float gradient_scale = 1;
  double eps = 0, l2 = 0, rate = 0;

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(sum);
  }
};

// delta = sqrt(acc_delta + eps) / sqrt(square_avg + eps) * gradient; value -= rate * delta
struct AdadeltaStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float *square_avg = nullptr, *acc_delta = nullptr;
  float gradient_scale = 1;
  double rho = 0, eps = 0, l2 = 0, rate = 0;

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(square_avg), visit(acc_delta);
  }
};

// value -= rate * gradient / (sqrt(square_avg - grad_avg^2) + eps), or through a momentum buffer.
struct RmspropStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float* square_avg = nullptr;
  float* grad_avg = nullptr;         // null unless centered
  float* momentum_buffer = nullptr;  // null without momentum
  float gradient_scale = 1;
  double alpha = 0, eps = 0, l2 = 0, momentum = 0, rate = 0;

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(square_avg), visit(grad_avg), visit(momentum_buffer);
  }
};

// value = value * value_scale - rate * gradient; average = average + (value - average) * mu
struct AsgdStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float* average = nullptr;
  float gradient_scale = 1;
  double l2 = 0, value_scale = 1, rate = 0, mu = 1;

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(average);
  }
};

// The sign of the gradient times a step size of each number, which grows by etaplus while the sign stays and
// shrinks by etaminus when it changes; then that step is left out.
struct RpropStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float *previous = nullptr, *step_size = nullptr;
  float gradient_scale = 1;
  double etaminus = 0, etaplus = 0, step_size_min = 0, step_size_max = 0;

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(previous), visit(step_size);
  }
};

// value = value * value_scale - rate * sign(beta1 * exp_avg + (1 - beta1) * gradient), then exp_avg decays at
// beta2.
struct LionStep {
  std::int64_t size = 0;
  float* values = nullptr;
  const float* gradients = nullptr;
  float* exp_avg = nullptr;
  float gradient_scale = 1;
  double beta1 = 0, beta2 = 0, value_scale = 1, rate = 0;

  template <typename Visit>
  void for_each_state(const Visit& visit) {
    visit(exp_avg);
  }
};

// The updates of one call of an optimizer's rule: ranges of numbers, and rows of a matrix, each row through
// steps of its own. No two of them overlap.
struct SteppedRow {
  std::int64_t row = 0, first = 0, end = 0;  // the row takes row_steps[first .. end), one after another
  std::int64_t state_row = row;              // its place in the states, where they have few of the rows
};
template <typename Step>
struct UpdateList {
  const Step* ranges = nullptr;
  std::int64_t range_count = 0;
  const Step* row_steps =
      nullptr;  // of row 0; row r's numbers lie r * size behind, its states state_row * size
  const SteppedRow* rows = nullptr;
  std::int64_t row_count = 0;
  bool one_gradient = false;  // all rows have the gradient that row 0 has, and not each its own
};

// Sums of x[rows,columns]^2 by row and by column, overwritten.
struct SquareSums {
  std::int64_t rows = 0, columns = 0;
  const float* x = nullptr;
  float *row_sums = nullptr, *column_sums = nullptr;
};

// average = average + (target * scale - average) * weight, in double; *result = the sum of the new averages.
struct DecayAverage {
  std::int64_t size = 0;
  float* average = nullptr;
  const float* target = nullptr;
  double scale = 1, weight = 0;
  double* result = nullptr;  // null: not wanted
};

// update = gradient / sqrt(max(row * row_scale * column, floor)): Adafactor's factored second moment.
struct FactoredUpdate {
  std::int64_t rows = 0, columns = 0;
  const float* gradients = nullptr;  // [rows,columns]
  float gradient_scale = 1;
  const float* row = nullptr;     // [rows]; null: all one
  const float* column = nullptr;  // [columns]
  double row_scale = 1, floor = 0;
  float* update = nullptr;  // [rows,columns]
};

}  // namespace bertune::kernels
