#pragma once

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_sum.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// Vector j of a row of n numbers; `rest` where the row has ended.
inline Vec load_within(const float* row, std::int64_t j, std::int64_t n, float rest) {
  const Vec numbers = load(row + j);
  if (j + kLanes <= n) return numbers;
  Indices lane{};
  for (std::int64_t i = 0; i < kLanes; ++i) lane[i] = static_cast<std::int32_t>(i);
  return select(lane < static_cast<std::int32_t>(n - j), numbers, broadcast(rest));
}

// The sum that softmax divides by, and the maximum that it subtracts first.
struct SoftmaxNumerators {
  float max, sum;
};

// row = e^(row - max), times `factors` if there are any, over its first n numbers, which the sum is of,
// without the factors. From n to the next whole vector the row is overwritten, and the factors are read.
inline SoftmaxNumerators softmax_numerators(float* row, std::int64_t n, const float* factors = nullptr) {
  constexpr float kLowest = -1e30F;
  Vec row_max = broadcast(kLowest), sum{};
  for (std::int64_t j = 0; j < n; j += kLanes) row_max = max(load_within(row, j, n, kLowest), row_max);
  row_max = broadcast(max_of_lanes(row_max));
  for (std::int64_t j = 0; j < n; j += kLanes) {
    const Vec power = exp(load_within(row, j, n, kLowest) - row_max);
    sum += power;
    store(row + j, factors != nullptr ? power * load(factors + j) : power);
  }
  return {row_max[0], sum_of_lanes(sum)};
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
