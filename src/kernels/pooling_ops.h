// The part of the table of operations for embeddings of sequences: pooling, normalization, dot products of
// rows.
#pragma once

#include <cstdint>

#include "kernels/layer_ops.h"

namespace bertune::kernels {

// A row for each sequence from the rows of its tokens: their mean, their sum over the square root of their
// number, or the largest value of each column. Backward gives a column's gradient to the first of the
// largest.
enum class PoolKind { mean, mean_sqrt_length, max };
struct PoolRows {
  Layout layout;
  std::int64_t n = 0;
  PoolKind kind{};
  const float* x = nullptr;  // [T,n]
  float* y = nullptr;        // [sequences,n]
};
struct PoolRowsBackward {
  PoolRows forward;           // y is not read
  const float* dy = nullptr;  // [sequences,n]
  float* dx = nullptr;        // [T,n]
};

// y = scale * x / max(|x|, kMinNorm) for each row of x, with the Euclidean norm (torch's normalize). Rows
// of x and dx are `stride` apart, so that every second row of a matrix can be taken; those of y and dy lie
// end to end. Backward multiplies the gradient by `gradient_scale`.
inline constexpr float kMinNorm = 1e-12F;
struct NormalizeRows {
  std::int64_t rows = 0, n = 0, stride = 0;
  float scale = 1;
  const float* x = nullptr;
  float* y = nullptr;      // [rows,n]
  float* norms = nullptr;  // [rows], kept for backward
};
struct NormalizeRowsBackward {
  NormalizeRows forward;  // y is not read
  float gradient_scale = 1;
  const float* dy = nullptr;
  float* dx = nullptr;
};

// dots[rows] = sum over n of a * b; da = d_dots * b and db = d_dots * a.
struct RowDots {
  std::int64_t rows = 0, n = 0;
  const float *a = nullptr, *b = nullptr;  // [rows,n]
  float* dots = nullptr;
};
struct RowDotsBackward {
  RowDots forward;                // dots are not read
  const float* d_dots = nullptr;  // [rows]
  float *da = nullptr, *db = nullptr;
};

}  // namespace bertune::kernels
