// Operands of a matrix product, laid out as gemm_tile.h and gemm_amx.h read them.
#pragma once

#include "kernels/cpu/gemm_amx.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/transpose.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// Rounds to bf16 in the upper half of the result, ties to even.
inline Pair round_to_bf16(float value) {
  const Pair bits = __builtin_bit_cast(Pair, value);
  return bits + 0x7FFF + ((bits >> 16) & 1);
}
inline Pair pair_of(float low, float high) {
  return round_to_bf16(low) >> 16 | (round_to_bf16(high) & 0xFFFF0000U);
}

#if defined(__AVX512BF16__)
inline __mmask16 first_lanes(std::int64_t count) {
  return static_cast<__mmask16>(count >= kLanes ? 0xFFFF : (1 << count) - 1);
}

// Loads at most kLanes numbers of two rows that are neighbors along k, zeros after them; `high` is null where
// k ends between the rows.
inline Pairs load_across_k(const float* low, const float* high, std::int64_t count) {
  typedef std::uint16_t Halves __attribute__((vector_size(2 * kLanes * sizeof(std::uint16_t))));
  Halves in_turn{};
  for (std::int64_t i = 0; i < 2 * kLanes; ++i)
    in_turn[i] = static_cast<std::uint16_t>(i / 2 + (i % 2 == 0 ? 0 : kLanes));
  const __mmask16 mask = first_lanes(count);
  const __m512 upper = high != nullptr ? _mm512_maskz_loadu_ps(mask, high) : __m512{};
  const __m512bh rounded = _mm512_cvtne2ps_pbh(upper, _mm512_maskz_loadu_ps(mask, low));
  return reinterpret_cast<Pairs>(__builtin_shuffle(reinterpret_cast<Halves>(rounded), in_turn));
}
#endif

// `count` numbers of two rows that are neighbors along k; `high` is null where k ends between them.
inline void copy_rows(const float* low, const float* high, std::int64_t count, Pair* to) {
#if defined(__AVX512BF16__)
  for (std::int64_t j = 0; j < count; j += kLanes) {
    const Pairs pairs = load_across_k(low + j, high != nullptr ? high + j : nullptr, count - j);
    _mm512_mask_storeu_epi32(to + j, first_lanes(count - j), reinterpret_cast<__m512i>(pairs));
  }
#else
  for (std::int64_t j = 0; j < count; ++j) to[j] = pair_of(low[j], high != nullptr ? high[j] : 0.0F);
#endif
}

// Operands are copied along columns, or many rows at a time: more streams than processors prefetch by
// themselves. So rows are asked for that are copied this much later.
constexpr std::int64_t kRowsAhead = 16;

inline std::int64_t numbers_along_k(std::int64_t k, const float*) { return k; }
inline std::int64_t numbers_along_k(std::int64_t k, const Pair*) {
  return round_up((k + 1) / 2, TileShape<Pair>::k_step);
}

// Numbers from one packed row of A to the next, and rows of a packed panel of B.
template <typename Number>
std::int64_t packed_row_size(std::int64_t k, const Number* number) {
  return numbers_along_k(k, number);
}
template <typename Number>
std::int64_t panel_rows(std::int64_t k, const Number* number) {
  return numbers_along_k(k, number);
}

// Numbers p .. p + kLanes along k of row `from`, of which `k` are there; zeros after them.
inline Pairs load_along_k(const float* from, std::int64_t p, std::int64_t k, const float*) {
  Pairs result{};
  if (p + kLanes <= k) return *reinterpret_cast<const Pairs*>(from + p);
  for (std::int64_t i = 0; p + i < k; ++i) result[i] = __builtin_bit_cast(Pair, from[p + i]);
  return result;
}
inline Pairs load_along_k(const float* from, std::int64_t p, std::int64_t k, const Pair*) {
  Pairs result{};
#if defined(__AVX512BF16__)
  if (2 * (p + kLanes) <= k) {
    return reinterpret_cast<Pairs>(
        _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + 2 * p + kLanes), _mm512_loadu_ps(from + 2 * p)));
  }
#endif
  for (std::int64_t i = 0; i < kLanes && 2 * (p + i) < k; ++i) {
    const std::int64_t at = 2 * (p + i);
    result[i] = pair_of(from[at], at + 1 < k ? from[at + 1] : 0.0F);
  }
  return result;
}

// Packs one panel of op(B): the columns from `column` on, the numbers first .. end along k; zeros where B
// ends. b holds B as [k,n], or with `transposed` as [n,k].
template <typename Number>
void pack_panel(const float* b, std::int64_t ldb, bool transposed, std::int64_t k, std::int64_t n,
                std::int64_t column, std::int64_t first, std::int64_t end, Number* panel) {
  constexpr std::int64_t kColumns = TileShape<Number>::columns;
  const std::int64_t width = min(kColumns, n - column);
  if (transposed) {
    for (std::int64_t v = 0; v < kColumns; v += kLanes) {
      for (std::int64_t p = first; p < end; p += kLanes) {
        Pairs rows[kLanes];
        for (std::int64_t j = 0; j < kLanes; ++j) {
          const float* row = b + (column + v + j) * ldb;
          if (v + j < width) prefetch(row + p, kRowsAhead * ldb, 1);
          rows[j] = v + j < width ? load_along_k(row, p, k, panel) : Pairs{};
        }
        transpose_square(rows);
        for (std::int64_t i = 0; i < min(kLanes, end - p); ++i)
          *reinterpret_cast<Pairs*>(panel + (p + i) * kColumns + v) = rows[i];
      }
    }
    return;
  }
  for (std::int64_t p = first; p < end; ++p) {
    Number* to = panel + p * kColumns;
    std::int64_t filled = width;
    if constexpr (__is_same(Number, float)) {
      const float* from = b + p * ldb + column;
      for (std::int64_t j = 0; j < width; ++j) to[j] = from[j];
    } else {
      if (2 * p >= k) filled = 0;
      const float* low = b + 2 * p * ldb + column;
      copy_rows(low, 2 * p + 1 < k ? low + ldb : nullptr, filled, to);
    }
    for (std::int64_t j = filled; j < kColumns; ++j) to[j] = 0;
  }
}

// The layout of a block of op(A)'s rows in memory: element (i, p) of tile t is data[t * tile_stride + i *
// row_stride + p * k_stride].
template <typename Number>
struct RowBlock {
  const Number* data;
  std::int64_t tile_stride, row_stride, k_stride;
};

#if defined(__AMX_BF16__)
// A block of rows of op(A) as tile registers load it: row-major, rows and numbers along k padded with zeros
// to whole squares of kLanes.
inline void pack_squares(const float* a, std::int64_t lda, bool transposed, std::int64_t rows, std::int64_t k,
                         Pair* to) {
  const std::int64_t steps = numbers_along_k(k, to), padded_rows = round_up(rows, kLanes);
  if (!transposed) {
    for (std::int64_t i = 0; i < padded_rows; ++i) {
      for (std::int64_t p = 0; p < steps; p += kLanes) {
        *reinterpret_cast<Pairs*>(to + i * steps + p) =
            i < rows ? load_along_k(a + i * lda, p, k, to) : Pairs{};
      }
    }
    return;
  }
  for (std::int64_t p = 0; p < steps; p += kLanes) {
    for (std::int64_t i = 0; i < padded_rows; i += kLanes) {
      Pairs square[kLanes];
#pragma GCC unroll 16
      for (std::int64_t j = 0; j < kLanes; ++j) {
        const std::int64_t at = 2 * (p + j);
        const float* low = a + at * lda + i;
        square[j] = at < k ? load_across_k(low, at + 1 < k ? low + lda : nullptr, rows - i) : Pairs{};
      }
      transpose_square(square);
#pragma GCC unroll 16
      for (std::int64_t j = 0; j < kLanes; ++j)
        *reinterpret_cast<Pairs*>(to + (i + j) * steps + p) = square[j];
    }
  }
}
#endif

// Rows first .. first + rows of op(A), numbers k_first .. k_first + k along k; `to` has room for whole tiles
// of rows, numbers_along_k(k) long each, and is not used where A can be read as it is.
template <typename Number>
RowBlock<Number> pack_rows(const float* a, std::int64_t lda, bool transposed, std::int64_t first,
                           std::int64_t rows, std::int64_t k_first, std::int64_t k, Number* to) {
  constexpr std::int64_t kTileRows = TileShape<Number>::rows;
  const std::int64_t steps = numbers_along_k(k, to);
#if defined(__AMX_BF16__)
  if constexpr (__is_same(Number, Pair)) {
    pack_squares(a + (transposed ? k_first * lda + first : first * lda + k_first), lda, transposed, rows, k,
                 to);
    return {to, kTileRows * steps, steps, 1};
  }
#endif
  if (!transposed) {
    const float* from = a + first * lda + k_first;
    if constexpr (__is_same(Number, float)) {
      return {from, kTileRows * lda, lda, 1};
    } else {
      for (std::int64_t i = 0; i < rows; ++i) {
        std::int64_t p = 0;
        for (; p + kLanes <= steps; p += kLanes)
          *reinterpret_cast<Pairs*>(to + i * steps + p) = load_along_k(from + i * lda, p, k, to);
        if (p == steps) continue;
        const Pairs last = load_along_k(from + i * lda, p, k, to);
        for (std::int64_t j = 0; p + j < steps; ++j) to[i * steps + p + j] = last[j];
      }
      return {to, kTileRows * steps, steps, 1};
    }
  }
  // A transposed A jumps along k from row to row of memory: copied once, it is read without gaps by every
  // panel.
  for (std::int64_t p = 0; p < steps; ++p) {
    if (__is_same(Number, float)) prefetch(a + (k_first + p) * lda + first, kRowsAhead * lda, rows);
    for (std::int64_t tile = 0; tile < rows; tile += kTileRows) {
      Number* tile_to = to + tile * steps + p * kTileRows;
      const std::int64_t height = min(kTileRows, rows - tile);
      if constexpr (__is_same(Number, float)) {
        const float* from = a + (k_first + p) * lda + first + tile;
        for (std::int64_t i = 0; i < height; ++i) tile_to[i] = from[i];
      } else {
        const float* low = a + (k_first + 2 * p) * lda + first + tile;
        copy_rows(low, 2 * p + 1 < k ? low + lda : nullptr, height, tile_to);
      }
    }
  }
  return {to, kTileRows * steps, 1, kTileRows};
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
