#include "model/layers/tensor.h"

namespace bertune::model {

void Gradient::add(const Pass& pass, std::int64_t count, const float* x) const {
  pass.ops().column_sums({1, count, x, sum_});
}

void Gradient::add_outer(const Pass& pass, std::int64_t rows, std::int64_t m, const float* left,
                         std::int64_t left_stride, std::int64_t n, const float* right,
                         kernels::Operands operands) const {
  pass.matmul({.transpose_a = true,
               .m = m,
               .n = n,
               .k = rows,
               .a = left,
               .lda = left_stride,
               .b = right,
               .ldb = n,
               .accumulate = true,
               .c = sum_,
               .ldc = n,
               .operands = operands});
}

void Gradient::clear(const Pass& pass, std::int64_t first, std::int64_t count) const {
  if (sum_ != nullptr) pass.fill(sum_ + first, count, 0);
}

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
          .operands = operands,
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
          .operands = operands};
}

// Adds the gradients of the weight and of its low-rank matrices: with u = x · aᵀ and v = dy · b, both times
// the scale, the gradient of b is dyᵀ · u, that of a is vᵀ · x. The product of the whole low-rank matrix is
// not made.
void Linear::add_weight_gradient(const Pass& pass, std::int64_t rows, const float* dy, std::int64_t ldy,
                                 const float* x, float* scratch) const {
  weight.gradient.add_outer(pass, rows, out, dy, ldy, in, x, operands);
  if (!low_rank.is_trained()) return;
  const auto& [a, b, rank, scale] = low_rank;
  float *u = b.is_trained() ? scratch : nullptr, *v = a.is_trained() ? scratch + rows * rank : nullptr;
  pass.matmul(Linear{a, {}, in, rank}.output(rows, x, u));
  pass.matmul(
      {.m = rows, .n = rank, .k = out, .a = dy, .lda = ldy, .b = b.value, .ldb = rank, .c = v, .ldc = rank});
  for (float* product : {u, v}) {
    if (product != nullptr) pass.ops().scale({rows * rank, product, scale});
  }
  b.gradient.add_outer(pass, rows, out, dy, ldy, rank, u);
  a.gradient.add_outer(pass, rows, rank, v, rank, in, x);
}

// The gradient of b is scale · dense · aᵀ, that of a is scale · bᵀ · dense.
void Linear::add_dense_gradient(const Pass& pass, float* dense) const {
  if (dense == nullptr) return;
  weight.gradient.add(pass, out * in, dense);
  if (!low_rank.is_trained()) return;
  const auto& [a, b, rank, scale] = low_rank;
  pass.ops().scale({out * in, dense, scale});
  pass.matmul({.transpose_b = true,
               .m = out,
               .n = rank,
               .k = in,
               .a = dense,
               .lda = in,
               .b = a.value,
               .ldb = in,
               .accumulate = true,
               .c = b.gradient.sum(),
               .ldc = rank});
  a.gradient.add_outer(pass, out, rank, b.value, rank, in, dense);
}

}  // namespace bertune::model
