#pragma once

#include <cmath>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// row = softmax(row) over its first n columns, the rest zero; returns log-sum-exp.
inline float softmax_row(float* row, std::int64_t n, std::int64_t padded) {
  float largest = row[0], sum = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < n; ++j) largest = row[j] > largest ? row[j] : largest;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < n; ++j) sum += row[j] = exponential(row[j] - largest);
  const float inverse = 1.0F / sum;
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) row[j] *= inverse;
  for (std::int64_t j = n; j < padded; ++j) row[j] = 0;
  return largest + logf(sum);
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
