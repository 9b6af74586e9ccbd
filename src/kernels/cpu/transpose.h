// Transposing in registers.
#pragma once

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// Two neighbors along k as bf16, the lower one in the lower half: what one lane of a bf16 product takes.
typedef std::uint32_t Pair;
typedef Bits Pairs;

inline Indices interleaving(std::int64_t first) {
  Indices indices{};
  for (std::int64_t i = 0; i < kLanes; ++i)
    indices[i] = static_cast<std::int32_t>(first + i / 2 + (i % 2 == 0 ? 0 : kLanes));
  return indices;
}

// Transposes kLanes vectors of kLanes numbers: a perfect shuffle a round, as often as kLanes can be halved.
inline void transpose_square(Bits (&rows)[kLanes]) {
  const Indices low = interleaving(0), high = interleaving(kLanes / 2);
  Bits shuffled[kLanes];
  for (std::int64_t round = kLanes; round > 1; round /= 2) {
#pragma GCC unroll 16
    for (std::int64_t i = 0; i < kLanes / 2; ++i) {
      shuffled[2 * i] = __builtin_shuffle(rows[i], rows[i + kLanes / 2], low);
      shuffled[2 * i + 1] = __builtin_shuffle(rows[i], rows[i + kLanes / 2], high);
    }
#pragma GCC unroll 16
    for (std::int64_t i = 0; i < kLanes; ++i) rows[i] = shuffled[i];
  }
}

// to[c][j] = from[j][c] * scale for j < rows, c < columns; zeros from there to padded_rows, a multiple of
// kLanes.
inline void transpose(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                      float scale, float* to, std::int64_t padded_rows) {
  for (std::int64_t j = 0; j < padded_rows; j += kLanes) {
    for (std::int64_t c = 0; c < columns; c += kLanes) {
      Bits square[kLanes];
      const std::int64_t width = min(kLanes, columns - c);
      for (std::int64_t i = 0; i < kLanes; ++i) {
        Vec row{};
        if (j + i < rows && width == kLanes) {
          row = load(from + (j + i) * stride + c) * broadcast(scale);
        } else if (j + i < rows) {
          for (std::int64_t l = 0; l < width; ++l) row[l] = from[(j + i) * stride + c + l] * scale;
        }
        square[i] = reinterpret_cast<Bits>(row);
      }
      transpose_square(square);
      for (std::int64_t i = 0; i < width; ++i)
        store(to + (c + i) * padded_rows + j, reinterpret_cast<Vec>(square[i]));
    }
  }
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
