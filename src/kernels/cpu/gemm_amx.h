// Products of bf16 numbers in tile registers: C[32,32] in four of them, two of A and two of B.
//
// For each 16 pairs along k four tiles are loaded, of at least 8 cycles each, and four multiplied, of 16
// cycles each (Intel's optimization manual, chapter on AMX): the products limit it, as long as the caches
// deliver 64 bytes in a cycle, which the second-level cache alone does not. So k is cut such that 32 rows of
// A (16 KiB), a panel of B (16 KiB) and a tile of C (4 KiB) lie in a first-level cache of 48 KiB together. In
// a block of 32 rows A stays there; in a longer one the panel does, and is fetched once for all the block:
// with many rows, weights that are larger than the second-level cache are then read a fourth as often. None
// of this was measured.
#pragma once

#include "kernels/cpu/amx_tile.h"
#include "kernels/cpu/gemm_tile.h"

#if defined(__AMX_BF16__)

namespace bertune::kernels::BERTUNE_ISA {
namespace {

static_assert(kSquare == kLanes);  // gemm_pack.h packs squares of kLanes

template <>
struct TileShape<Pair> {
  static constexpr int rows = 2 * kSquare;
  static constexpr std::int64_t columns = 2 * kSquare;
  static constexpr std::int64_t row_step = kSquare, k_step = kSquare;
  static constexpr std::int64_t depth = 256;
  static constexpr std::int64_t longest_block = 4 * kRowBlock;
};

template <>
inline void begin_tiles<Pair>() {
  configure_tiles();
}
template <>
inline void end_tiles<Pair>() {
  release_tiles();
}

// Does the same as gemm_tile, with A row-major: k_stride is 1.
template <bool kBothHalves>
void amx_tile(std::int64_t k, const Pair* a, std::int64_t row_stride, std::int64_t, const Pair* panel,
              float* c, std::int64_t ldc, bool accumulate) {
  constexpr std::int64_t kColumns = TileShape<Pair>::columns;
  const std::int64_t stride_a = row_stride * std::int64_t{sizeof(Pair)},
                     stride_b = kColumns * std::int64_t{sizeof(Pair)},
                     stride_c = ldc * std::int64_t{sizeof(float)};
  if (accumulate) {
    load_tile<0>(c, stride_c);
    load_tile<1>(c + kSquare, stride_c);
    if constexpr (kBothHalves) load_tile<2>(c + kSquare * ldc, stride_c);
    if constexpr (kBothHalves) load_tile<3>(c + kSquare * ldc + kSquare, stride_c);
  } else {
    zero_tile<0>();
    zero_tile<1>();
    zero_tile<2>();
    zero_tile<3>();
  }
  for (std::int64_t p = 0; p < k; p += kSquare, panel += kSquare * kColumns) {
    load_tile<6>(panel, stride_b);
    load_tile<4>(a + p, stride_a);
    multiply_tiles<0, 4, 6>();
    load_tile<7>(panel + kSquare, stride_b);
    multiply_tiles<1, 4, 7>();
    if constexpr (kBothHalves) {
      load_tile<5>(a + kSquare * row_stride + p, stride_a);
      multiply_tiles<2, 5, 6>();
      multiply_tiles<3, 5, 7>();
    }
  }
  store_tile<0>(c, stride_c);
  store_tile<1>(c + kSquare, stride_c);
  if constexpr (kBothHalves) store_tile<2>(c + kSquare * ldc, stride_c);
  if constexpr (kBothHalves) store_tile<3>(c + kSquare * ldc + kSquare, stride_c);
}

template <>
inline Tile<Pair> tile_of<Pair>(std::int64_t rows) {
  return rows > kSquare ? amx_tile<true> : amx_tile<false>;
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA

#endif
