#pragma once

#include <cmath>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_sum.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// What softmax divides by, and what it subtracts first.
struct Exponentials {
  float largest, sum;
  float log_sum_exp() const { return largest + logf(sum); }
};

// row = e^(row - largest) over its first n numbers, zeros from there to `padded`. With a padding to whole
// vectors no loop has a tail, which would take longer than all the rest of a short row.
inline Exponentials exponentials(float* row, std::int64_t n, std::int64_t padded) {
  for (std::int64_t j = n; j < padded; ++j) row[j] = -1e30F;
  float largest = row[0];
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < padded; ++j) largest = row[j] > largest ? row[j] : largest;
#pragma omp simd
  for (std::int64_t j = 0; j < padded; ++j) row[j] = exponential(row[j] - largest);
  const float sum = row_sum(padded, [=](std::int64_t j, auto lanes) { return read(row + j, lanes); });
  for (std::int64_t j = n; j < padded; ++j) row[j] = 0;
  return {largest, sum};
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
