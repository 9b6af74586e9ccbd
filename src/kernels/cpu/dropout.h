// Dropout factors for runs of numbers, equal to ref::dropout_factor for each.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// Philox takes products of 32 by 32 bits: a lane of 64 holds one of its numbers in the lower half, and the
// upper half is whatever was left there.
constexpr std::int64_t kWideLanes = kLanes / 2;
typedef std::uint64_t Wide __attribute__((vector_size(kWideLanes * sizeof(std::uint64_t))));
typedef std::uint32_t Narrow __attribute__((vector_size(kWideLanes * sizeof(std::uint32_t))));

inline Wide product_of_low_halves(Wide a, Wide b) {
#if defined(__AVX512F__)
  return reinterpret_cast<Wide>(
      _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Wide>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#else
  return reinterpret_cast<Wide>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#endif
}

class DropoutStream {
 public:
  DropoutStream(const Dropout& dropout, std::int64_t sequence, std::int64_t head)
      : threshold_(static_cast<std::uint32_t>(dropout.probability * 65536.0F + 0.5F)),
        scale_(threshold_ < 65536 ? 65536.0F / static_cast<float>(65536 - threshold_) : 0.0F),
        place_((dropout.layer * 8 + static_cast<std::uint32_t>(dropout.site)) << 16 |
               static_cast<std::uint32_t>(head)),
        sequence_(static_cast<std::uint32_t>(sequence)),
        step_(static_cast<std::uint32_t>(dropout.step)),
        key_{static_cast<std::uint32_t>(dropout.seed), static_cast<std::uint32_t>(dropout.seed >> 32)} {}

  // factors[i] for numbers first + i of the stream, i < n.
  void factors(std::int64_t first, std::int64_t n, float* out) const {
    alignas(64) float chunk_factors[kChunk];
    while (n > 0) {
      const std::int64_t chunk = first / kChunk, skipped = first % kChunk, taken = min(kChunk - skipped, n);
      if (taken == kChunk) {
        draw(chunk, out);
      } else {
        draw(chunk, chunk_factors);
        for (std::int64_t i = 0; i < taken; ++i) out[i] = chunk_factors[skipped + i];
      }
      first += taken, out += taken, n -= taken;
    }
  }

 private:
  static constexpr std::int64_t kChunk = 128, kBlocks = 16;

  void draw(std::int64_t chunk, float* out) const {
    alignas(64) std::uint32_t words[4][kBlocks];
    Wide lanes{};
    for (std::int64_t lane = 0; lane < kWideLanes; ++lane) lanes[lane] = static_cast<std::uint64_t>(lane);
    for (std::int64_t block = 0; block < kBlocks; block += kWideLanes) {
      Wide c0 = lanes + static_cast<std::uint64_t>(chunk * kBlocks + block), c1 = Wide{} + place_,
           c2 = Wide{} + sequence_, c3 = Wide{} + step_;
      std::uint32_t k0 = key_[0], k1 = key_[1];
#pragma GCC unroll 10
      for (int round = 0; round < 10; ++round) {
        const Wide left = product_of_low_halves(Wide{} + 0xD2511F53, c0),
                   right = product_of_low_halves(Wide{} + 0xCD9E8D57, c2);
        c0 = (right >> 32) ^ c1 ^ k0, c1 = right;
        c2 = (left >> 32) ^ c3 ^ k1, c3 = left;
        k0 += 0x9E3779B9, k1 += 0xBB67AE85;
      }
      const Wide counters[4] = {c0, c1, c2, c3};
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < 4; ++i) {
        const auto low_halves = __builtin_convertvector(counters[i], Narrow);
        __builtin_memcpy(words[i] + block, &low_halves, sizeof low_halves);
      }
    }
    // Each 32-bit word holds two 16-bit random numbers. Both are compared in the upper half; the bits below
    // do not matter, because the threshold's lower half is 0. With p = 1 the threshold overflows to 0 and
    // every number passes, but the scale is 0, so every factor is 0.
    const Bits threshold = Bits{} + (threshold_ << 16), kept = reinterpret_cast<Bits>(broadcast(scale_));
    for (std::int64_t word = 0; word < 4; ++word) {
      for (std::int64_t lane = 0; lane < kBlocks; lane += kLanes) {
        Bits drawn;
        __builtin_memcpy(&drawn, words[word] + lane, sizeof drawn);
        float* to = out + 2 * word * kBlocks + lane;
        store(to, reinterpret_cast<Vec>(((drawn << 16) >= threshold) & kept));
        store(to + kBlocks, reinterpret_cast<Vec>((drawn >= threshold) & kept));
      }
    }
  }

  std::uint32_t threshold_;
  float scale_;
  std::uint32_t place_, sequence_, step_;
  std::uint32_t key_[2];
};

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
