// Dropout factors for runs of numbers, equal to ref::dropout_factor for each.
#pragma once

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

class DropoutStream {
 public:
  DropoutStream(const Dropout& dropout, std::int64_t sequence, std::int64_t head)
      : threshold_(static_cast<std::uint32_t>(dropout.probability * 65536.0F + 0.5F)),
        scale_(65536.0F / static_cast<float>(65536 - threshold_)),
        place_((dropout.layer * 8 + static_cast<std::uint32_t>(dropout.site)) << 16 |
               static_cast<std::uint32_t>(head)),
        sequence_(static_cast<std::uint32_t>(sequence)),
        step_(static_cast<std::uint32_t>(dropout.step)),
        key_{static_cast<std::uint32_t>(dropout.seed), static_cast<std::uint32_t>(dropout.seed >> 32)} {}

  // factors[i] for numbers first + i of the stream, i < n.
  void factors(std::int64_t first, std::int64_t n, float* out) const {
    alignas(64) float chunk_factors[kChunk];
    while (n > 0) {
      const std::int64_t chunk = first / kChunk, skipped = first % kChunk,
                         taken = smaller(kChunk - skipped, n);
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
    std::uint32_t c0[kBlocks], c1[kBlocks], c2[kBlocks], c3[kBlocks];
    for (std::int64_t lane = 0; lane < kBlocks; ++lane) {
      c0[lane] = static_cast<std::uint32_t>(chunk * kBlocks + lane);
      c1[lane] = place_, c2[lane] = sequence_, c3[lane] = step_;
    }
    std::uint32_t k0 = key_[0], k1 = key_[1];
    for (int round = 0; round < 10; ++round) {
#pragma omp simd
      for (std::int64_t lane = 0; lane < kBlocks; ++lane) {
        const std::uint64_t left = std::uint64_t{0xD2511F53} * c0[lane],
                            right = std::uint64_t{0xCD9E8D57} * c2[lane];
        c0[lane] = static_cast<std::uint32_t>(right >> 32) ^ c1[lane] ^ k0;
        c1[lane] = static_cast<std::uint32_t>(right);
        c2[lane] = static_cast<std::uint32_t>(left >> 32) ^ c3[lane] ^ k1;
        c3[lane] = static_cast<std::uint32_t>(left);
      }
      k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    }
    const std::uint32_t* words[4] = {c0, c1, c2, c3};
    for (std::int64_t half = 0; half < 8; ++half) {
      const std::uint32_t* word = words[half / 2];
      const std::int64_t shift = half % 2 * 16;
#pragma omp simd
      for (std::int64_t lane = 0; lane < kBlocks; ++lane) {
        out[half * kBlocks + lane] = ((word[lane] >> shift) & 0xFFFF) < threshold_ ? 0.0F : scale_;
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
