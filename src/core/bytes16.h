// Sixteen bytes at a time, in vectors of the compiler, which every target has.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace bertune {

using Bytes16 [[gnu::vector_size(16)]] = std::uint8_t;
using Flags16 [[gnu::vector_size(16)]] = std::int8_t;  // each 0 or -1: what comparing Bytes16 gives

inline Bytes16 load16(const char* bytes) {
  Bytes16 vector;
  std::memcpy(&vector, bytes, sizeof vector);
  return vector;
}

// A bit for each flag, the lowest for the first.
inline std::uint32_t bits_of(Flags16 flags) {
#ifdef __SSE2__
  return static_cast<std::uint32_t>(_mm_movemask_epi8(std::bit_cast<__m128i>(flags)));
#else
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 16; ++i) bits |= (flags[i] != 0 ? 1U : 0U) << i;
  return bits;
#endif
}

}  // namespace bertune
