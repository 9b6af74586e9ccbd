// Products of one row: packing the matrix would take longer than multiplying with it where it lies.
#pragma once

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int64_t kGemvColumns = 96;  // columns of C a task

// Returns whether a product is computed as a matrix-vector product. This depends on the product's shape and
// type only, not on whether B is packed: otherwise a text's result could depend on earlier calls.
inline bool is_gemv(const Matmul& op) { return op.m == 1 && op.operands == Operands::f32; }

inline float row_dot(const float* a, const float* b, std::int64_t k) {
  Vec sums[2] = {};
  std::int64_t p = 0;
  for (; p + 2 * kLanes <= k; p += 2 * kLanes) {
    sums[0] += load(a + p) * load(b + p);
    sums[1] += load(a + p + kLanes) * load(b + p + kLanes);
  }
  for (; p + kLanes <= k; p += kLanes) sums[0] += load(a + p) * load(b + p);
  sums[0] += sums[1];
  float sum = 0;
  for (std::int64_t lane = 0; lane < kLanes; ++lane) sum += sums[0][lane];
  for (; p < k; ++p) sum += a[p] * b[p];
  return sum;
}

// C[1,n] (+)= A[1,k] · op(B)
void gemv(const Matmul& op) {
  const std::int64_t step = op.transpose_a ? op.lda : 1;
  parallel_for(block_count(op.n, kGemvColumns), [&](std::int64_t block) {
    const std::int64_t first = block * kGemvColumns, width = min(kGemvColumns, op.n - first);
    float* c = op.c + first;
    if (!op.accumulate) {
      for (std::int64_t j = 0; j < width; ++j) c[j] = 0;
    }
    if (op.transpose_b && step == 1) {
      for (std::int64_t j = 0; j < width; ++j) c[j] += row_dot(op.a, op.b + (first + j) * op.ldb, op.k);
      return;
    }
    for (std::int64_t p = 0; p < op.k; ++p) {
      const float factor = op.a[p * step];
      const float* b = op.transpose_b ? op.b + first * op.ldb + p : op.b + p * op.ldb + first;
      const std::int64_t stride = op.transpose_b ? op.ldb : 1;
      if (stride == 1) {
#pragma omp simd
        for (std::int64_t j = 0; j < width; ++j) c[j] += factor * b[j];
      } else {
        for (std::int64_t j = 0; j < width; ++j) c[j] += factor * b[j * stride];
      }
    }
  });
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
