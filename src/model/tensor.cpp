#include "model/tensor.h"

namespace bertune::model {

using kernels::ops;

void Linear::forward(std::int64_t rows, const float* x, float* y) const {
  ops().matmul({.transpose_b = true,
                .m = rows,
                .n = out,
                .k = in,
                .a = x,
                .lda = in,
                .b = weight.value,
                .ldb = in,
                .c = y,
                .ldc = out});
}

void Linear::backward_weight(std::int64_t rows, const float* dy, const float* x) const {
  ops().matmul({.transpose_a = true,
                .m = out,
                .n = in,
                .k = rows,
                .a = dy,
                .lda = out,
                .b = x,
                .ldb = in,
                .accumulate = true,
                .c = weight.gradient,
                .ldc = in});
}

void Linear::backward_input(std::int64_t rows, const float* dy, float* dx, bool accumulate) const {
  ops().matmul({.m = rows,
                .n = in,
                .k = out,
                .a = dy,
                .lda = out,
                .b = weight.value,
                .ldb = in,
                .accumulate = accumulate,
                .c = dx,
                .ldc = in});
}

}  // namespace bertune::model
