// Operations over whole sequences: pooling, normalization, dot products of rows.
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/operations.h"
#include "kernels/cpu/row_sum.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

float pool_factor(PoolKind kind, std::int64_t length) {
  const auto number = static_cast<float>(length);
  return 1.0F / (kind == PoolKind::mean ? number : __builtin_sqrtf(number));
}

// Returns whether `next` takes the place of `best` as the largest so far. A NaN does, and keeps it.
bool is_larger(float next, float best) { return best == best && !(next <= best); }

// Calls body(sequence, its first token, its tokens) for each sequence, on all threads.
template <typename Body>
void for_sequences(const Layout& layout, const Body& body) {
  parallel_for(layout.sequences, [&](std::int64_t s) {
    const std::int64_t first = layout.cu_seqlens[s];
    body(s, first, layout.cu_seqlens[s + 1] - first);
  });
}

void add_rows(std::int64_t length, std::int64_t n, const float* x, float factor, float* y) {
  for (std::int64_t c = 0; c < n; ++c) y[c] = 0;
  for (std::int64_t t = 0; t < length; ++t) {
    const float* row = x + t * n;
#pragma omp simd
    for (std::int64_t c = 0; c < n; ++c) y[c] += row[c];
  }
#pragma omp simd
  for (std::int64_t c = 0; c < n; ++c) y[c] *= factor;
}

void max_of_rows(std::int64_t length, std::int64_t n, const float* x, float* y) {
  for (std::int64_t c = 0; c < n; ++c) y[c] = x[c];
  for (std::int64_t t = 1; t < length; ++t) {
    const float* row = x + t * n;
    for (std::int64_t c = 0; c < n; ++c) y[c] = is_larger(row[c], y[c]) ? row[c] : y[c];
  }
}

void max_of_rows_backward(std::int64_t length, std::int64_t n, const float* x, const float* dy, float* dx) {
  for (std::int64_t i = 0; i < length * n; ++i) dx[i] = 0;
  for (std::int64_t c = 0; c < n; ++c) {
    std::int64_t best = 0;
    for (std::int64_t t = 1; t < length; ++t) best = is_larger(x[t * n + c], x[best * n + c]) ? t : best;
    dx[best * n + c] = dy[c];
  }
}

}  // namespace

void pool_rows(const PoolRows& op) {
  for_sequences(op.layout, [&](std::int64_t s, std::int64_t first, std::int64_t length) {
    const float* x = op.x + first * op.n;
    float* y = op.y + s * op.n;
    if (op.kind == PoolKind::max) {
      max_of_rows(length, op.n, x, y);
    } else {
      add_rows(length, op.n, x, pool_factor(op.kind, length), y);
    }
  });
}

void pool_rows_backward(const PoolRowsBackward& op) {
  const std::int64_t n = op.forward.n;
  const PoolKind kind = op.forward.kind;
  for_sequences(op.forward.layout, [&](std::int64_t s, std::int64_t first, std::int64_t length) {
    const float* dy = op.dy + s * n;
    float* dx = op.dx + first * n;
    if (kind == PoolKind::max) {
      max_of_rows_backward(length, n, op.forward.x + first * n, dy, dx);
      return;
    }
    const float factor = pool_factor(kind, length);
    for (std::int64_t t = 0; t < length; ++t) {
#pragma omp simd
      for (std::int64_t c = 0; c < n; ++c) dx[t * n + c] = dy[c] * factor;
    }
  });
}

void normalize_rows(const NormalizeRows& op) {
  for_row_blocks(op.rows, nullptr, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) {
      const float* x = op.x + i * op.stride;
      float* y = op.y + i * op.n;
      const float squares = row_sum(op.n, [=](std::int64_t c, auto lanes) {
        const auto value = read(x + c, lanes);
        return value * value;
      });
      const float norm = __builtin_sqrtf(squares), factor = op.scale / max(norm, kMinNorm);
      op.norms[i] = norm;
#pragma omp simd
      for (std::int64_t c = 0; c < op.n; ++c) y[c] = factor * x[c];
    }
  });
}

void normalize_rows_backward(const NormalizeRowsBackward& op) {
  const NormalizeRows& forward = op.forward;
  const std::int64_t n = forward.n;
  for_row_blocks(forward.rows, nullptr, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) {
      const float *x = forward.x + i * forward.stride, *dy = op.dy + i * n;
      float* dx = op.dx + i * forward.stride;
      const float norm = forward.norms[i];
      const float factor = op.gradient_scale * forward.scale / max(norm, kMinNorm);
      const float product =
          row_sum(n, [=](std::int64_t c, auto lanes) { return read(dy + c, lanes) * read(x + c, lanes); });
      const float along = norm > kMinNorm ? product / norm / norm : 0.0F;
#pragma omp simd
      for (std::int64_t c = 0; c < n; ++c) dx[c] = factor * (dy[c] - along * x[c]);
    }
  });
}

void row_dots(const RowDots& op) {
  for_row_blocks(op.rows, nullptr, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) {
      const float *a = op.a + i * op.n, *b = op.b + i * op.n;
      op.dots[i] =
          row_sum(op.n, [=](std::int64_t c, auto lanes) { return read(a + c, lanes) * read(b + c, lanes); });
    }
  });
}

void row_dots_backward(const RowDotsBackward& op) {
  const std::int64_t n = op.forward.n;
  for_row_blocks(op.forward.rows, nullptr, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) {
      const float *a = op.forward.a + i * n, *b = op.forward.b + i * n;
      const float d_dot = op.d_dots[i];
      float *da = op.da + i * n, *db = op.db + i * n;
#pragma omp simd
      for (std::int64_t c = 0; c < n; ++c) {
        da[c] = d_dot * b[c];
        db[c] = d_dot * a[c];
      }
    }
  });
}

}  // namespace bertune::kernels::BERTUNE_ISA
