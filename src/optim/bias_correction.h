// The divisors of Adam's moments, which start at zero and would be too small in the first steps.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/ops.h"

namespace bertune::optim {

// 1 - beta^step
inline double bias_correction(double beta, std::int64_t step) {
  double power = 1;
  for (; step > 0; step >>= 1, beta *= beta) {
    if ((step & 1) != 0) power *= beta;
  }
  return 1 - power;
}

// The rates of Adam's own step.
inline void set_adam_rates(kernels::AdamStep& op, double lr, std::int64_t step) {
  op.rate = lr / bias_correction(op.beta1, step);
  op.sqrt_scale = 1 / std::sqrt(bias_correction(op.beta2, step));
}

}  // namespace bertune::optim
