#include "model/layers/tensor.h"

namespace bertune::model {

kernels::Matmul Linear::output(std::int64_t rows, const float* x, float* y) const {
  return {.transpose_b = true,
          .m = rows,
          .n = out,
          .k = in,
          .a = x,
          .lda = in,
          .b = weight.value,
          .ldb = in,
          .c = y,
          .ldc = out,
          .bf16 = bf16,
          .packed_b = packed};
}

kernels::Matmul Linear::input_gradient(std::int64_t rows, const float* dy, float* dx, bool accumulate) const {
  return {.m = rows,
          .n = in,
          .k = out,
          .a = dy,
          .lda = out,
          .b = weight.value,
          .ldb = in,
          .accumulate = accumulate,
          .c = dx,
          .ldc = in,
          .bf16 = bf16};
}

// With u = x · aᵀ and v = dy · b, both times the scale: the gradient of b is dyᵀ · u, that of a is vᵀ · x.
// The product of the whole matrix is not made.
void Linear::add_weight_gradient(std::int64_t rows, const float* dy, std::int64_t ldy, const float* x,
                                 float* scratch) const {
  const auto add_outer = [rows](std::int64_t m, std::int64_t n, const float* left, std::int64_t lda,
                                const float* right, float* sum, bool in_bf16) {
    kernels::ops().matmul({.transpose_a = true,
                           .m = m,
                           .n = n,
                           .k = rows,
                           .a = left,
                           .lda = lda,
                           .b = right,
                           .ldb = n,
                           .accumulate = true,
                           .c = sum,
                           .ldc = n,
                           .bf16 = in_bf16});
  };
  if (weight.gradient != nullptr) add_outer(out, in, dy, ldy, x, weight.gradient, bf16);
  const auto& [a, b, rank, scale] = low_rank;
  if (a.gradient == nullptr) return;
  float *u = scratch, *v = scratch + rows * rank;
  kernels::ops().matmul({.transpose_b = true,
                         .m = rows,
                         .n = rank,
                         .k = in,
                         .a = x,
                         .lda = in,
                         .b = a.value,
                         .ldb = in,
                         .c = u,
                         .ldc = rank});
  kernels::ops().matmul(
      {.m = rows, .n = rank, .k = out, .a = dy, .lda = ldy, .b = b.value, .ldb = rank, .c = v, .ldc = rank});
  for (std::int64_t i = 0; i < 2 * rows * rank; ++i) scratch[i] *= scale;
  add_outer(out, rank, dy, ldy, u, b.gradient, false);
  add_outer(rank, in, v, rank, x, a.gradient, false);
}

}  // namespace bertune::model
