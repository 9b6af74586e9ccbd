// Sums over a row, and what they end with. `omp simd reduction` would combine the lanes one after another at
// the end, which takes longer than all the rest of a short row.
#pragma once

#include "kernels/cpu/isa.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

template <std::int64_t kApart>
Vec exchanged(Vec lanes) {
  Indices other{};
  for (std::int64_t i = 0; i < kLanes; ++i) other[i] = static_cast<std::int32_t>(i ^ kApart);
  return __builtin_shuffle(lanes, other);
}
template <std::int64_t kApart = kLanes / 2, typename Combine>
[[gnu::always_inline]] inline float combine_lanes(Vec lanes, const Combine& combine) {
  if constexpr (kApart == 0) {
    return lanes[0];
  } else {
    return combine_lanes<kApart / 2>(combine(lanes, exchanged<kApart>(lanes)), combine);
  }
}
inline float sum_of_lanes(Vec lanes) {
  return combine_lanes(lanes, [](Vec a, Vec b) { return a + b; });
}
inline float max_of_lanes(Vec lanes) {
  return combine_lanes(lanes, [](Vec a, Vec b) { return max(a, b); });
}

// The sum of term(i, Vec{}), numbers i .. i + kLanes, and term(i, 0.0F), number i, that cover n numbers.
template <typename Term>
float row_sum(std::int64_t n, const Term& term) {
  Vec sums[4] = {};
  std::int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
#pragma GCC unroll 4
    for (std::int64_t j = 0; j < 4; ++j) sums[j] += term(i + j * kLanes, Vec{});
  }
  for (; i + kLanes <= n; i += kLanes) sums[0] += term(i, Vec{});
  float sum = sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; i < n; ++i) sum += term(i, 0.0F);
  return sum;
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
