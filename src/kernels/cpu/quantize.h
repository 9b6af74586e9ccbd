// Numbers rounded to int8, by a scale for each row of them: the largest magnitude becomes 127. Four that are
// neighbors along k make a Quad, which one lane of an int8 product takes.
//
// Every instruction set rounds to the same bits: the scales are quotients, and what is divided by them is
// rounded to the nearest integer, ties to even.
#pragma once

#include "kernels/cpu/isa.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

enum Quad : std::uint32_t {};
constexpr std::int64_t kQuad = 4;  // numbers in one

constexpr float kSmallest = 1e-30F;  // rows of less are zeros: an inverse would overflow

struct RowScale {
  float scale, inverse;  // a number is about scale * its integer, which is round(number * inverse)
};

// The scale is not finite where a number of the row is not, so that results are not either. (Bits of
// magnitudes are in the order of the magnitudes, NaN above all.)
inline RowScale row_scale(const float* row, std::int64_t k) {
  Indices largest{};
  std::int64_t p = 0;
  for (; p + kLanes <= k; p += kLanes) {
    const auto magnitude = reinterpret_cast<Indices>(bits_of(load(row + p)) & 0x7FFFFFFF);
    largest = magnitude > largest ? magnitude : largest;
  }
  std::int32_t most = 0;
  for (std::int64_t lane = 0; lane < kLanes; ++lane) most = largest[lane] > most ? largest[lane] : most;
  for (; p < k; ++p) {
    const auto magnitude = static_cast<std::int32_t>(bits_of(row[p]) & 0x7FFFFFFF);
    most = magnitude > most ? magnitude : most;
  }
  const float magnitude = from_bits(static_cast<std::uint32_t>(most));
  return {magnitude / 127, magnitude > kSmallest ? 127 / magnitude : 0};
}

// Rounds kLanes numbers, whose magnitudes are at most 127 and a little, to bytes.
inline void store_rounded(Vec numbers, std::int8_t* to) {
#if defined(__AVX512F__)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                   _mm512_maskz_cvtsepi32_epi8(0xFFFF, _mm512_maskz_cvtps_epi32(0xFFFF, numbers)));
#elif defined(__AVX2__)
  const __m256i integers = _mm256_cvtps_epi32(numbers);
  const __m128i halves =
      _mm_packs_epi32(_mm256_castsi256_si128(integers), _mm256_extracti128_si256(integers, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packs_epi16(halves, halves));
#else
  const __m128i integers = _mm_cvtps_epi32(numbers), halves = _mm_packs_epi32(integers, integers);
  const int bytes = _mm_cvtsi128_si32(_mm_packs_epi16(halves, halves));
  __builtin_memcpy(to, &bytes, sizeof(bytes));
#endif
}

// to[0 .. padded] = row[0 .. k] in integers, then zeros; `padded` is a multiple of kLanes.
inline void quantize_row(const float* row, std::int64_t k, float inverse, std::int8_t* to,
                         std::int64_t padded) {
  std::int64_t p = 0;
  for (; p + kLanes <= k; p += kLanes) store_rounded(load(row + p) * inverse, to + p);
  for (; p < padded; p += kLanes) {
    Vec rest{};
    for (std::int64_t lane = 0; p + lane < k; ++lane) rest[lane] = row[p + lane] * inverse;
    store_rounded(rest, to + p);
  }
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
