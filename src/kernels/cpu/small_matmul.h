// Matrix products of one attention head, on one thread, from the cache: too small to be worth packing.
#pragma once

#include "kernels/cpu/gemm_tile.h"
#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// A matrix read one number at a time, so that a transposed one costs nothing: element (i, j) is data[i * row
// + j * column].
struct Strided {
  const float* data;
  std::int64_t row, column;
};

#if defined(__AVX512F__)
constexpr int kMaxRows = 8;  // of a tile: with two vectors of columns, 16 of 32 registers hold sums
#else
constexpr int kMaxRows = 6;  // 12 of 16
#endif

// Computes a panel in tiles of about the same height: a low one has too few sums to keep the multiply-add
// units busy.
template <int kVectors>
inline void column_panel(std::int64_t m, std::int64_t k, Strided a, const float* b, std::int64_t ldb,
                         float* c, std::int64_t ldc, bool accumulate) {
  const std::int64_t tiles = block_count(m, kMaxRows), height = m / tiles, higher = m % tiles;
  for (std::int64_t t = 0; t < tiles; ++t) {
    const std::int64_t rows = height + (t < higher ? 1 : 0);
    with_rows<kMaxRows>(rows, [&](auto n) {
      multiply_tile<n.value, kVectors, 0>(k, a.data, a.row, a.column, b, ldb, c, ldc, accumulate);
    });
    a.data += rows * a.row;
    c += rows * ldc;
  }
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
