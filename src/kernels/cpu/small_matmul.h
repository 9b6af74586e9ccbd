// Matrix products of one attention head, on one thread, from the cache: too small to be worth packing.
#pragma once

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// A matrix read one number at a time, so that a transposed one costs nothing: element (i, j) is data[i * row
// + j * column].
struct Strided {
  const float* data;
  std::int64_t row, column;
};

template <int kRows, int kVectors>
inline void tile(std::int64_t k, Strided a, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
                 bool accumulate) {
  Vec sums[kRows][kVectors];
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) sums[i][v] = accumulate ? load(c + i * ldc + v * kLanes) : Vec{};
  }
  for (std::int64_t p = 0; p < k; ++p) {
    Vec columns[kVectors];
    for (int v = 0; v < kVectors; ++v) columns[v] = load(b + p * ldb + v * kLanes);
    for (int i = 0; i < kRows; ++i) {
      const Vec factor = broadcast(a.data[i * a.row + p * a.column]);
      for (int v = 0; v < kVectors; ++v) sums[i][v] += factor * columns[v];
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) store(c + i * ldc + v * kLanes, sums[i][v]);
  }
}

template <int kVectors>
inline void column_panel(std::int64_t m, std::int64_t k, Strided a, const float* b, std::int64_t ldb,
                         float* c, std::int64_t ldc, bool accumulate) {
  constexpr int kTileRows = 6;
  std::int64_t i = 0;
  for (; i + kTileRows <= m; i += kTileRows) {
    tile<kTileRows, kVectors>(k, {a.data + i * a.row, a.row, a.column}, b, ldb, c + i * ldc, ldc, accumulate);
  }
  for (; i + 2 <= m; i += 2) {
    tile<2, kVectors>(k, {a.data + i * a.row, a.row, a.column}, b, ldb, c + i * ldc, ldc, accumulate);
  }
  if (i < m)
    tile<1, kVectors>(k, {a.data + i * a.row, a.row, a.column}, b, ldb, c + i * ldc, ldc, accumulate);
}

// C[m,n] = A[m,k] · B[k,n] (+ C); n is a multiple of kLanes.
inline void small_matmul(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, const float* b,
                         std::int64_t ldb, float* c, std::int64_t ldc, bool accumulate) {
  std::int64_t j = 0;
  for (; j + 2 * kLanes <= n; j += 2 * kLanes) column_panel<2>(m, k, a, b + j, ldb, c + j, ldc, accumulate);
  for (; j + kLanes <= n; j += kLanes) column_panel<1>(m, k, a, b + j, ldb, c + j, ldc, accumulate);
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
