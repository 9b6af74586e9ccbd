// The tile registers of Intel AMX (Intel's manual of the instruction set, volume 1, chapter 18): eight
// matrices of 16 rows of 64 bytes, that is of 16 floats, Pairs or Quads. Strides are in bytes.
//
// Not GCC's intrinsics: in GCC 12 they do not tell the compiler that a load reads memory, and what was to be
// stored before it may then be stored after it.
#pragma once

#if defined(__AMX_BF16__)

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int64_t kSquare = 16;  // rows of a tile register, and 32-bit numbers in a row of it

// The operand of LDTILECFG: all eight registers, whole.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes_of_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {kSquare, kSquare, kSquare, kSquare, kSquare, kSquare, kSquare, kSquare};
};
static_assert(sizeof(TileConfiguration) == 64);
constexpr TileConfiguration kTileConfiguration;

// A thread may use the registers only after this; after release_tiles the system has none to save when it
// switches threads. (No destructor does that, for then the object would refer to a symbol that all
// instruction sets share.)
inline void configure_tiles() { asm volatile("ldtilecfg (%0)" ::"r"(&kTileConfiguration) : "memory"); }
inline void release_tiles() { asm volatile("tilerelease" ::: "memory"); }

template <int kTile>
inline void zero_tile() {
  asm volatile("tilezero %%tmm%c0" ::"n"(kTile));
}

template <int kTile>
inline void load_tile(const void* from, std::int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "n"(kTile) : "memory");
}

template <int kTile>
inline void store_tile(void* to, std::int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "n"(kTile) : "memory");
}

// C[i][j] += A[i][p] · B[p][j], over the 16 Pairs p.
template <int kC, int kA, int kB>
inline void multiply_tiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"n"(kC), "n"(kA), "n"(kB));
}

// The same over 16 Quads of signed numbers, with sums in integers.
template <int kC, int kA, int kB>
inline void multiply_quad_tiles() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"n"(kC), "n"(kA), "n"(kB));
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA

#endif
