// Matrix products.
#include "operations/suite.h"

namespace bertune::kernels::bench {

void Suite::add_matmul(const std::string& name, const Shape& shape, Matmul op) const {
  const double flops =
      2.0 * static_cast<double>(op.m) * static_cast<double>(op.n) * static_cast<double>(op.k);
  add("matmul/" + name, shape, {.flops = flops}, [op](Memory& memory) {
    Matmul ready = op;
    ready.lda = op.transpose_a ? op.m : op.k;
    ready.ldb = op.transpose_b ? op.k : op.n;
    ready.ldc = op.n;
    ready.a = memory.take(op.m * op.k);
    ready.b = memory.take(op.k * op.n);
    ready.c = memory.take(op.m * op.n);
    return [ready] { ops().matmul(ready); };
  });
}

// x·Wᵀ forward; dy·W and dyᵀ·x backward, the last added to the gradient.
void Suite::matmul(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden, wide = shape.intermediate();
  add_matmul("query_key_value", shape, {.transpose_b = true, .m = t, .n = 3 * h, .k = h});
  add_matmul("attention_output", shape, {.transpose_b = true, .m = t, .n = h, .k = h});
  add_matmul("intermediate", shape, {.transpose_b = true, .m = t, .n = wide, .k = h});
  add_matmul("output", shape, {.transpose_b = true, .m = t, .n = h, .k = wide});
  add_matmul("intermediate_d_input", shape, {.m = t, .n = h, .k = wide});
  add_matmul("intermediate_d_weight", shape,
             {.transpose_a = true, .m = wide, .n = h, .k = t, .accumulate = true});
}

void Suite::pack_b(const Shape& shape) const {
  const std::int64_t h = shape.hidden, wide = shape.intermediate();
  const Matmul product{.transpose_b = true, .m = 1, .n = wide, .k = h, .lda = h, .ldb = h, .ldc = wide};
  const std::int64_t size = ops().packed_size(product);
  if (size == 0 || shape.tokens != kFewTokens) return;
  add_rows("pack_b", {h, 1, 1}, 2, wide, h, [=](Memory& memory) {
    PackB op{product, memory.take(size)};
    op.product.b = memory.take(wide * h);
    return [op] { ops().pack_b(op); };
  });
}

}  // namespace bertune::kernels::bench
