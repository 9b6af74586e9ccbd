// Products of int8 numbers: A is quantized by rows where it is packed, B by columns when it is. Sums of
// integers are exact, and what is made of them is the same on every instruction set.
//
// VPDPBUSD multiplies unsigned numbers by signed ones: A is moved up by 128, and each column starts from what
// that adds to its sum. Without it VPMADDUBSW adds two products in 16 bits, which hold them only if neither
// operand is larger than 127: the magnitudes of B are the unsigned numbers, and their signs go to A. AMX
// multiplies signed numbers (gemm_int8_amx.h).
#pragma once

#include "kernels/cpu/gemm_int8_amx.h"
#include "kernels/cpu/gemm_pack.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/cpu/quantize.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

#if defined(__AMX_INT8__)
constexpr bool kMovedUp = false;
constexpr int kQuadVectors = 2;
#elif defined(__AVX512VNNI__)
constexpr bool kMovedUp = true;
constexpr int kQuadVectors = 3;
#else
constexpr bool kMovedUp = false;
constexpr int kQuadVectors = 2;  // 8 of 16 registers hold sums, 16 of 32 where a tile has 8 rows
#endif

#if !defined(__AMX_INT8__)
template <>
struct TileShape<Quad> {
#if defined(__AVX512F__)
  static constexpr int rows = 8;
#else
  static constexpr int rows = 4;
#endif
  static constexpr std::int64_t columns = kQuadVectors * kLanes;
  static constexpr std::int64_t row_step = 1, k_step = 1;
  static constexpr std::int64_t depth = std::int64_t{1} << 40;  // a sum in integers is not taken apart
  static constexpr std::int64_t longest_block = 2 * kRowBlock;
};
#endif

// A vector of sums is one of bytes too, of the operands.
typedef std::int32_t Sums __attribute__((vector_size(kLanes * sizeof(std::int32_t)), aligned(4), may_alias));

// C = sums, times the scales of its row and column.
inline void store_scaled(Sums sums, Vec row_scale, const float* column_scales, float* c) {
  store(c, __builtin_convertvector(sums, Vec) * (row_scale * load(column_scales)));
}

// sum + a · b, where one Quad of A meets a vector of B's.
#if defined(__AMX_INT8__)
#elif defined(__AVX512VNNI__)
struct QuadVector {
  __m512i quads;
  QuadVector() = default;
  explicit QuadVector(const Quad* from) : quads(_mm512_loadu_si512(from)) {}
  Sums multiply_add(Sums sum, int a) const {
    return reinterpret_cast<Sums>(
        _mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), _mm512_set1_epi32(a), quads));
  }
};
#elif defined(__AVX512F__)
struct QuadVector {
  __m512i magnitudes;
  __mmask64 negative;
  QuadVector() = default;
  explicit QuadVector(const Quad* from)
      : magnitudes(_mm512_abs_epi8(_mm512_loadu_si512(from))),
        negative(_mm512_movepi8_mask(_mm512_loadu_si512(from))) {}
  Sums multiply_add(Sums sum, int a) const {
    const __m512i repeated = _mm512_set1_epi32(a);
    const __m512i with_sign = _mm512_mask_sub_epi8(repeated, negative, _mm512_setzero_si512(), repeated);
    const __m512i pairs = _mm512_maddubs_epi16(magnitudes, with_sign);
    return sum + reinterpret_cast<Sums>(_mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
};
#elif defined(__AVX2__)
struct QuadVector {
  __m256i quads, magnitudes;
  QuadVector() = default;
  explicit QuadVector(const Quad* from)
      : quads(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))),
        magnitudes(_mm256_abs_epi8(quads)) {}
  Sums multiply_add(Sums sum, int a) const {
    const __m256i with_sign = _mm256_sign_epi8(_mm256_set1_epi32(a), quads);
    const __m256i pairs = _mm256_maddubs_epi16(magnitudes, with_sign);
    return sum + reinterpret_cast<Sums>(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};
#else
struct QuadVector {
  __m128i quads, magnitudes;
  QuadVector() = default;
  explicit QuadVector(const Quad* from)
      : quads(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))), magnitudes(_mm_abs_epi8(quads)) {}
  Sums multiply_add(Sums sum, int a) const {
    const __m128i with_sign = _mm_sign_epi8(_mm_set1_epi32(a), quads);
    const __m128i pairs = _mm_maddubs_epi16(magnitudes, with_sign);
    return sum + reinterpret_cast<Sums>(_mm_madd_epi16(pairs, _mm_set1_epi16(1)));
  }
};
#endif

#if defined(__AMX_INT8__)
// Does the same as quad_tile, for 16 rows or 32.
template <bool kBothHalves>
void amx_quad_tile(std::int64_t steps, const Quad* a, std::int64_t row_stride, std::int64_t,
                   const Quad* panel, float* c, std::int64_t ldc, bool) {
  constexpr std::int64_t kColumns = TileShape<Quad>::columns;
  alignas(64) std::int32_t sums[TileShape<Quad>::rows * kColumns];
  add_up_quads<kBothHalves>(steps, a, row_stride, panel, sums);
  const auto* scales = reinterpret_cast<const float*>(panel + (steps + 1) * kColumns);
  for (std::int64_t i = 0; i < (kBothHalves ? 2 : 1) * kSquare; ++i) {
    const Vec scale = broadcast(from_bits(a[i * row_stride + steps]));
    for (std::int64_t v = 0; v < kColumns; v += kLanes)
      store_scaled(*reinterpret_cast<const Sums*>(sums + i * kColumns + v), scale, scales + v,
                   c + i * ldc + v);
  }
}

template <>
inline Tile<Quad> tile_of<Quad>(std::int64_t rows) {
  return rows > kSquare ? amx_quad_tile<true> : amx_quad_tile<false>;
}
#else
// C[kRows, columns] = A · B. A row of A is `steps` Quads and then its scale; the panel is [steps][columns]
// Quads, then what the sum of each column starts from, then the columns' scales.
template <int kRows>
void quad_tile(std::int64_t steps, const Quad* a, std::int64_t row_stride, std::int64_t, const Quad* panel,
               float* c, std::int64_t ldc, bool) {
  constexpr std::int64_t kColumns = TileShape<Quad>::columns;
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) prefetch(c + i * ldc, 0, kColumns);
  const Quad* ends = panel + steps * kColumns;
  Sums sums[kRows][kQuadVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kQuadVectors; ++v)
      sums[i][v] = kMovedUp ? *reinterpret_cast<const Sums*>(ends + v * kLanes) : Sums{};
  }
  for (std::int64_t p = 0; p < steps; ++p, panel += kColumns) {
    QuadVector columns[kQuadVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kQuadVectors; ++v) columns[v] = QuadVector(panel + v * kLanes);
    prefetch(panel, kStepsAhead * kColumns, kColumns);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const int quad = static_cast<int>(a[i * row_stride + p]);
#pragma GCC unroll 8
      for (int v = 0; v < kQuadVectors; ++v) sums[i][v] = columns[v].multiply_add(sums[i][v], quad);
    }
  }
  const auto* scales = reinterpret_cast<const float*>(ends + kColumns);
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
    const Vec scale = broadcast(from_bits(a[i * row_stride + steps]));
#pragma GCC unroll 8
    for (int v = 0; v < kQuadVectors; ++v)
      store_scaled(sums[i][v], scale, scales + v * kLanes, c + i * ldc + v * kLanes);
  }
}

template <>
inline Tile<Quad> tile_of<Quad>(std::int64_t rows) {
  return with_rows<TileShape<Quad>::rows>(rows, [](auto n) -> Tile<Quad> { return quad_tile<n.value>; });
}
#endif

inline std::int64_t numbers_along_k(std::int64_t k, const Quad*) {
  return round_up(block_count(k, kQuad), TileShape<Quad>::k_step);
}
inline std::int64_t packed_row_size(std::int64_t k, const Quad* number) {
  return round_up(numbers_along_k(k, number) + 1, kLanes);
}
inline std::int64_t panel_rows(std::int64_t k, const Quad* number) { return numbers_along_k(k, number) + 2; }

// Quantizes rows of A, which is as Linear has it: not transposed. All of k at once. Rows that fill up the
// last tile's are zeros.
inline RowBlock<Quad> pack_rows(const float* a, std::int64_t lda, bool, std::int64_t first, std::int64_t rows,
                                std::int64_t, std::int64_t k, Quad* to) {
  const std::int64_t steps = numbers_along_k(k, to), stride = packed_row_size(k, to);
  for (std::int64_t i = 0; i < rows; ++i) {
    const float* row = a + (first + i) * lda;
    Quad* quads = to + i * stride;
    const RowScale scale = row_scale(row, k);
    quantize_row(row, k, scale.inverse, reinterpret_cast<std::int8_t*>(quads), round_up(k, kQuad * kLanes));
    auto* moved = reinterpret_cast<Bits*>(quads);
    for (std::int64_t v = 0; kMovedUp && v < stride / kLanes; ++v) moved[v] ^= 0x80808080;
    quads[steps] = Quad{bits_of(scale.scale)};
  }
  for (std::int64_t i = rows * stride; i < round_up(rows, TileShape<Quad>::row_step) * stride; ++i)
    to[i] = Quad{0};
  return {to, TileShape<Quad>::rows * stride, stride, 1};
}

// Quantizes a panel of B, given as [n,k]: columns `column` on. `row` has room for round_up(k, 4 kLanes)
// bytes.
inline void pack_quad_panel(const Matmul& op, std::int64_t column, std::int8_t* row, Quad* panel) {
  constexpr std::int64_t kColumns = TileShape<Quad>::columns;
  const std::int64_t steps = numbers_along_k(op.k, panel), width = min(kColumns, op.n - column);
  Quad *starts = panel + steps * kColumns, *scales = starts + kColumns;
  for (std::int64_t i = 0; width < kColumns && i < (steps + 2) * kColumns; ++i) panel[i] = Quad{0};
  for (std::int64_t j = 0; j < width; ++j) {
    const float* from = op.b + (column + j) * op.ldb;
    const RowScale scale = row_scale(from, op.k);
    quantize_row(from, op.k, scale.inverse, row, round_up(op.k, kQuad * kLanes));
    std::int32_t sum = 0;
    for (std::int64_t p = 0; p < op.k; ++p) sum += row[p];
    for (std::int64_t p = 0; p < steps; ++p)
      __builtin_memcpy(panel + p * kColumns + j, row + p * kQuad, kQuad);
    starts[j] = Quad{static_cast<std::uint32_t>(-128 * sum)};
    scales[j] = Quad{bits_of(scale.scale)};
  }
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
