#pragma once

#include <cmath>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// row = softmax(row) over its first n numbers, zeros from there to `padded`; returns log-sum-exp. With a
// padding to whole vectors no loop has a tail, which would take longer than all the rest of a short row.
inline float softmax_row(float* row, std::int64_t n, std::int64_t padded) {
  for (std::int64_t j = n; j < padded; ++j) row[j] = -1e30F;
  float largest = row[0], sum = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < padded; ++j) largest = row[j] > largest ? row[j] : largest;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < padded; ++j) sum += row[j] = exponential(row[j] - largest);
  const float inverse = 1.0F / sum;
#pragma omp simd
  for (std::int64_t j = 0; j < padded; ++j) row[j] *= inverse;
  for (std::int64_t j = n; j < padded; ++j) row[j] = 0;
  return largest + logf(sum);
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
