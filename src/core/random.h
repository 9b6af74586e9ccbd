// Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011, "Parallel random numbers: as easy as 1,
// 2, 3"): the number at a place is a pure function of key and counter, so it does not depend on order,
// threads or packing.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace bertune {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

constexpr PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t left = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t right = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(right >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(right),
        static_cast<std::uint32_t>(left >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(left)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// A stream of numbers for sequential uses (shuffling, initialization); `stream` separates uses of one seed.
class Random {
 public:
  Random(std::uint64_t seed, std::uint32_t stream) : seed_(seed), stream_(stream) {}

  std::uint32_t next() {
    if (used_ == 4) {
      block_ =
          philox({static_cast<std::uint32_t>(index_), static_cast<std::uint32_t>(index_ >> 32), stream_, 0},
                 {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
      ++index_;
      used_ = 0;
    }
    return block_[static_cast<std::size_t>(used_++)];
  }
  double uniform() { return (next() + 0.5) * 0x1p-32; }  // in (0, 1)
  std::uint64_t below(std::uint64_t bound) {             // in [0, bound), bound > 0
    __extension__ using Wide = unsigned __int128;
    const std::uint64_t high = next(), low = next();
    return static_cast<std::uint64_t>((static_cast<Wide>((high << 32) | low) * bound) >> 64);
  }
  double normal() {  // Box-Muller
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t seed_, index_ = 0;
  std::uint32_t stream_;
  PhiloxCounter block_{};
  int used_ = 4;
};

// The numbers of one item in one epoch, a stream of their own: a pure function of the four, so that an item
// can be made at any time, by any thread, with or without the others.
inline Random random_for(std::uint64_t seed, std::uint32_t stream, std::uint32_t epoch, std::uint64_t item) {
  const PhiloxCounter own =
      philox({static_cast<std::uint32_t>(item), static_cast<std::uint32_t>(item >> 32), stream, epoch},
             {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return {own[0] | std::uint64_t{own[1]} << 32, stream};
}

}  // namespace bertune
