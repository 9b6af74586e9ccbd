// Sums of one block.
#pragma once

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

inline double squares_of(const float* x, std::int64_t size) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}
inline double products_of(const float* a, const float* b, std::int64_t size) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
