// Products of int8 numbers in tile registers: C[32,32] in four of them, as gemm_amx.h has it for bf16. Both
// operands are signed, so that nothing is moved up, and a square of B is 16 Quads along k for 16 columns: the
// panels of gemm_int8.h as they are. None of this was measured.
#pragma once

#include "kernels/cpu/amx_tile.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/cpu/quantize.h"

#if defined(__AMX_INT8__)

namespace bertune::kernels::BERTUNE_ISA {
namespace {

template <>
struct TileShape<Quad> {
  static constexpr int rows = 2 * kSquare;
  static constexpr std::int64_t columns = 2 * kSquare;
  static constexpr std::int64_t row_step = kSquare, k_step = kSquare;
  static constexpr std::int64_t depth = std::int64_t{1} << 40;  // a sum in integers is not taken apart
  static constexpr std::int64_t longest_block = 4 * kRowBlock;
};

template <>
inline void begin_tiles<Quad>() {
  configure_tiles();
}
template <>
inline void end_tiles<Quad>() {
  release_tiles();
}

// Adds up A · B in integers: 16 rows of A, or with kBothHalves 32.
template <bool kBothHalves>
void add_up_quads(std::int64_t steps, const Quad* a, std::int64_t row_stride, const Quad* panel,
                  std::int32_t* sums) {
  constexpr std::int64_t kColumns = TileShape<Quad>::columns;
  const std::int64_t stride_a = row_stride * std::int64_t{sizeof(Quad)},
                     stride_b = kColumns * std::int64_t{sizeof(Quad)};
  zero_tile<0>();
  zero_tile<1>();
  zero_tile<2>();
  zero_tile<3>();
  for (std::int64_t p = 0; p < steps; p += kSquare, panel += kSquare * kColumns) {
    load_tile<6>(panel, stride_b);
    load_tile<4>(a + p, stride_a);
    multiply_quad_tiles<0, 4, 6>();
    load_tile<7>(panel + kSquare, stride_b);
    multiply_quad_tiles<1, 4, 7>();
    if constexpr (kBothHalves) {
      load_tile<5>(a + kSquare * row_stride + p, stride_a);
      multiply_quad_tiles<2, 5, 6>();
      multiply_quad_tiles<3, 5, 7>();
    }
  }
  store_tile<0>(sums, stride_b);
  store_tile<1>(sums + kSquare, stride_b);
  if constexpr (kBothHalves) store_tile<2>(sums + kSquare * kColumns, stride_b);
  if constexpr (kBothHalves) store_tile<3>(sums + kSquare * kColumns + kSquare, stride_b);
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA

#endif
