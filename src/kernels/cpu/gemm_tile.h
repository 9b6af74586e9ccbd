// The innermost part of a matrix product: a tile of C that stays in registers while k runs.
//
// Panels of B are as wide as the tile, packed as [k][columns]. A tile needs all vector registers but the few
// that hold a row of the panel and one number of A: every number that is read is used `rows` or kPanelVectors
// times, and the multiply-add units are what limits it (measured: 98 % of their peak on Zen 4).
#pragma once

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#include <type_traits>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/transpose.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr int kPanelVectors = 3;

// The tiles of a product of such numbers, float or Pair.
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

// C[kRows, kVectors * kLanes] (+)= A[kRows, k] · B. Element (i, p) of A is a[i * row_stride + p * k_stride],
// rows of B are b_stride apart; Number is float, or Pair with k counted in pairs. B is asked for kAhead steps
// along k before, and C at once; with 0 neither, for both are in the cache.
template <int kRows, int kVectors, std::int64_t kAhead, typename Number>
void multiply_tile(std::int64_t k, const Number* a, std::int64_t row_stride, std::int64_t k_stride,
                   const Number* b, std::int64_t b_stride, float* c, std::int64_t ldc, bool accumulate) {
  constexpr std::int64_t kColumns = kVectors * kLanes;
#pragma GCC unroll 8
  for (int i = 0; kAhead > 0 && i < kRows; ++i) prefetch(c + i * ldc, 0, kColumns);
  // Every loop over the sums is unrolled, or the compiler keeps them in memory.
  decltype(multiply_add(Vec{}, Number{}, load_panel(b))) sums[kRows][kVectors] = {};
  for (std::int64_t p = 0; p < k; ++p, b += b_stride) {
    decltype(load_panel(b)) columns[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) columns[v] = load_panel(b + v * kLanes);
    if (kAhead > 0) prefetch(b, kAhead * b_stride, kColumns);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const Number factor = a[i * row_stride + p * k_stride];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums[i][v] = multiply_add(sums[i][v], factor, columns[v]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      float* to = c + i * ldc + v * kLanes;
      store(to, accumulate ? load(to) + sums[i][v] : sums[i][v]);
    }
  }
}

// Calls function(std::integral_constant) with the number of rows, of which there are kMax at most.
template <int kMax, typename Function>
inline auto with_rows(std::int64_t rows, const Function& function) {
  if constexpr (kMax > 1) {
    if (rows < kMax) return with_rows<kMax - 1>(rows, function);
  }
  return function(std::integral_constant<int, kMax>{});
}

// A tile of C as wide as a panel of B.
template <int kRows, typename Number>
void gemm_tile(std::int64_t k, const Number* a, std::int64_t row_stride, std::int64_t k_stride,
               const Number* panel, float* c, std::int64_t ldc, bool accumulate) {
  multiply_tile<kRows, kPanelVectors, kStepsAhead>(k, a, row_stride, k_stride, panel,
                                                   TileShape<Number>::columns, c, ldc, accumulate);
}

template <typename Number>
using Tile = void (*)(std::int64_t k, const Number* a, std::int64_t row_stride, std::int64_t k_stride,
                      const Number* panel, float* c, std::int64_t ldc, bool accumulate);

template <typename Number>
Tile<Number> tile_of(std::int64_t rows) {
  return with_rows<TileShape<Number>::rows>(
      rows, [](auto n) -> Tile<Number> { return gemm_tile<n.value, Number>; });
}

// A thread calls these before and after it computes tiles.
template <typename Number>
inline void begin_tiles() {}
template <typename Number>
inline void end_tiles() {}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
