// The innermost part of a matrix product: a tile of C that stays in registers while k runs.
//
// Panels of B are as wide as the tile, packed as [k][columns]. A tile needs all vector registers but the few
// that hold a row of the panel and one number of A: every number that is read is used `rows` or kPanelVectors
// times, and the multiply-add units are what limits it (measured: 98 % of their peak on Zen 4).
#pragma once

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#include "kernels/cpu/isa.h"
#include "kernels/cpu/transpose.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr int kPanelVectors = 3;

// How a product of such numbers, float or Pair, is cut.
template <typename Number>
struct TileShape {
#if defined(__AVX512F__)
  static constexpr int rows = 8;  // 24 of 32 registers hold sums
#else
  static constexpr int rows = 4;  // 12 of 16
#endif
  static constexpr std::int64_t columns = kPanelVectors * kLanes;
  // Rows of a tile, and numbers along k, are computed in multiples of these.
  static constexpr std::int64_t row_step = 1, k_step = 1;
  // A block of rows and a panel of B, both this long along k, fit into the second-level cache together.
  static constexpr std::int64_t depth = 512;
  static constexpr std::int64_t longest_block = 2 * kRowBlock;  // rows of C that a task computes at most
};

// `ahead` of `from` may be beyond the end of the memory, where no pointer may point.
template <typename Number>
inline void prefetch(const Number* from, std::int64_t ahead, std::int64_t count) {
  constexpr std::int64_t kCacheLine = 64, kSize = sizeof(Number);
  const auto first = reinterpret_cast<std::uintptr_t>(from) + static_cast<std::uintptr_t>(ahead * kSize);
#pragma GCC unroll 8
  for (std::int64_t at = 0; at < count * kSize; at += kCacheLine)
    __builtin_prefetch(reinterpret_cast<const void*>(first + static_cast<std::uintptr_t>(at)));
}
constexpr std::int64_t kStepsAhead = 8;  // along k, of a panel: the second-level cache answers in time

inline Vec multiply_add(Vec sum, float a, Vec b) { return sum + broadcast(a) * b; }
inline Vec load_panel(const float* pointer) { return load(pointer); }
#if defined(__AVX512BF16__)
inline __m512 multiply_add(__m512 sum, Pair a, __m512i b) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a))),
                          reinterpret_cast<__m512bh>(b));
}
inline __m512i load_panel(const Pair* pointer) { return _mm512_loadu_si512(pointer); }
#endif

// C[kRows, columns] (+)= A[kRows, k] · panel. Element (i, p) of A is a[i * row_stride + p * k_stride]; Number
// is float, or Pair with k counted in pairs.
template <int kRows, typename Number>
inline void gemm_tile(std::int64_t k, const Number* a, std::int64_t row_stride, std::int64_t k_stride,
                      const Number* panel, float* c, std::int64_t ldc, bool accumulate) {
  // Asked for now, a number of C that is far away is there when the sums are done.
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) prefetch(c + i * ldc, 0, TileShape<Number>::columns);
  // Every loop over the sums is unrolled, or the compiler keeps them in memory.
  decltype(multiply_add(Vec{}, Number{}, load_panel(panel))) sums[kRows][kPanelVectors] = {};
  for (std::int64_t p = 0; p < k; ++p, panel += TileShape<Number>::columns) {
    decltype(load_panel(panel)) columns[kPanelVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kPanelVectors; ++v) columns[v] = load_panel(panel + v * kLanes);
    prefetch(panel, kStepsAhead * TileShape<Number>::columns, TileShape<Number>::columns);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const Number factor = a[i * row_stride + p * k_stride];
#pragma GCC unroll 8
      for (int v = 0; v < kPanelVectors; ++v) sums[i][v] = multiply_add(sums[i][v], factor, columns[v]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kPanelVectors; ++v) {
      float* to = c + i * ldc + v * kLanes;
      store(to, accumulate ? load(to) + sums[i][v] : sums[i][v]);
    }
  }
}

template <typename Number>
using Tile = void (*)(std::int64_t k, const Number* a, std::int64_t row_stride, std::int64_t k_stride,
                      const Number* panel, float* c, std::int64_t ldc, bool accumulate);

template <typename Number>
Tile<Number> tile_of(std::int64_t rows) {
  switch (rows) {
    case 1:
      return gemm_tile<1, Number>;
    case 2:
      return gemm_tile<2, Number>;
    case 3:
      return gemm_tile<3, Number>;
#if defined(__AVX512F__)
    case 4:
      return gemm_tile<4, Number>;
    case 5:
      return gemm_tile<5, Number>;
    case 6:
      return gemm_tile<6, Number>;
    case 7:
      return gemm_tile<7, Number>;
#endif
    default:
      return gemm_tile<TileShape<Number>::rows, Number>;
  }
}

// What a thread does before and after it computes tiles.
template <typename Number>
inline void begin_tiles() {}
template <typename Number>
inline void end_tiles() {}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
