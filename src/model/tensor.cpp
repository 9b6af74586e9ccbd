#include "model/tensor.h"

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

kernels::Matmul Linear::weight_gradient(std::int64_t rows, const float* dy, const float* x) const {
  return {.transpose_a = true,
          .m = out,
          .n = in,
          .k = rows,
          .a = dy,
          .lda = out,
          .b = x,
          .ldb = in,
          .accumulate = true,
          .c = weight.gradient,
          .ldc = in,
          .bf16 = bf16};
}

}  // namespace bertune::model
