// The meaning of the operations over whole sequences: pooling, normalization, dot products of rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/ops.h"

namespace bertune::kernels::ref {

// The factor of a sum over `length` rows.
template <typename T>
T pool_factor(PoolKind kind, std::int64_t length) {
  return kind == PoolKind::mean ? T{1} / static_cast<T>(length) : T{1} / std::sqrt(static_cast<T>(length));
}

// The row with the largest value of column `c` of x[length,n]: the first of equals, or the first NaN.
template <typename T>
std::int64_t max_row(std::int64_t length, std::int64_t n, const T* x, std::int64_t c) {
  std::int64_t best = 0;
  for (std::int64_t t = 1; t < length && !std::isnan(x[best * n + c]); ++t) {
    if (!(x[t * n + c] <= x[best * n + c])) best = t;
  }
  return best;
}

// y[n] of one sequence's rows x[length,n].
template <typename T>
void pool_sequence(PoolKind kind, std::int64_t length, std::int64_t n, const T* x, T* y) {
  for (std::int64_t c = 0; c < n; ++c) {
    if (kind == PoolKind::max) {
      y[c] = x[max_row(length, n, x, c) * n + c];
      continue;
    }
    T sum{0};
    for (std::int64_t t = 0; t < length; ++t) sum += x[t * n + c];
    y[c] = sum * pool_factor<T>(kind, length);
  }
}
template <typename T>
void pool_sequence_backward(PoolKind kind, std::int64_t length, std::int64_t n, const T* x, const T* dy,
                            T* dx) {
  for (std::int64_t c = 0; c < n; ++c) {
    const std::int64_t largest = kind == PoolKind::max ? max_row(length, n, x, c) : 0;
    for (std::int64_t t = 0; t < length; ++t) {
      if (kind == PoolKind::max) {
        dx[t * n + c] = t == largest ? dy[c] : T{0};
      } else {
        dx[t * n + c] = dy[c] * pool_factor<T>(kind, length);
      }
    }
  }
}

// y[n] = scale * x / |x|; returns |x|.
template <typename T>
T normalize_row(std::int64_t n, T scale, const T* x, T* y) {
  T squares{0};
  for (std::int64_t c = 0; c < n; ++c) squares += x[c] * x[c];
  const T norm = std::sqrt(squares), factor = scale / std::max(norm, T{kMinNorm});
  for (std::int64_t c = 0; c < n; ++c) y[c] = factor * x[c];
  return norm;
}
// A row below the least norm was divided by a constant.
template <typename T>
void normalize_row_backward(std::int64_t n, T scale, const T* x, T norm, const T* dy, T* dx) {
  const T min_norm{kMinNorm}, factor = scale / std::max(norm, min_norm);
  T along{0};  // the part of dy that points along x, which does not change y
  for (std::int64_t c = 0; c < n; ++c) along += dy[c] * x[c];
  along = norm > min_norm ? along / (norm * norm) : T{0};
  for (std::int64_t c = 0; c < n; ++c) dx[c] = factor * (dy[c] - along * x[c]);
}

template <typename T>
T dot(std::int64_t n, const T* a, const T* b) {
  T sum{0};
  for (std::int64_t c = 0; c < n; ++c) sum += a[c] * b[c];
  return sum;
}

}  // namespace bertune::kernels::ref
