#include "kernels/ref/pooling.h"

#include "kernels/ref/table.h"

namespace bertune::kernels::ref {

void pool_rows(const PoolRows& op) {
  for (std::int64_t s = 0; s < op.layout.sequences; ++s) {
    const std::int64_t first = op.layout.cu_seqlens[s], length = op.layout.cu_seqlens[s + 1] - first;
    pool_sequence(op.kind, length, op.n, op.x + first * op.n, op.y + s * op.n);
  }
}

void pool_rows_backward(const PoolRowsBackward& op) {
  const PoolRows& forward = op.forward;
  for (std::int64_t s = 0; s < forward.layout.sequences; ++s) {
    const std::int64_t first = forward.layout.cu_seqlens[s],
                       length = forward.layout.cu_seqlens[s + 1] - first;
    pool_sequence_backward(forward.kind, length, forward.n, forward.x + first * forward.n,
                           op.dy + s * forward.n, op.dx + first * forward.n);
  }
}

void normalize_rows(const NormalizeRows& op) {
  for (std::int64_t i = 0; i < op.rows; ++i)
    op.norms[i] = normalize_row(op.n, op.scale, op.x + i * op.stride, op.y + i * op.n);
}

void normalize_rows_backward(const NormalizeRowsBackward& op) {
  const NormalizeRows& forward = op.forward;
  for (std::int64_t i = 0; i < forward.rows; ++i) {
    normalize_row_backward(forward.n, op.gradient_scale * forward.scale, forward.x + i * forward.stride,
                           forward.norms[i], op.dy + i * forward.n, op.dx + i * forward.stride);
  }
}

void row_dots(const RowDots& op) {
  for (std::int64_t i = 0; i < op.rows; ++i) op.dots[i] = dot(op.n, op.a + i * op.n, op.b + i * op.n);
}

void row_dots_backward(const RowDotsBackward& op) {
  const RowDots& forward = op.forward;
  for (std::int64_t i = 0; i < forward.rows * forward.n; ++i) {
    op.da[i] = op.d_dots[i / forward.n] * forward.b[i];
    op.db[i] = op.d_dots[i / forward.n] * forward.a[i];
  }
}

}  // namespace bertune::kernels::ref
