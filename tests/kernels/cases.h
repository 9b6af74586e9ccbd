// Random inputs for the operations, shared by the tests of this folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"
#include "kernels/ops.h"

namespace bertune::kernels::testing {

inline std::vector<float> random_values(std::int64_t n, std::uint64_t seed, double scale = 1.0) {
  Random random(seed, 7);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(random.normal() * scale);
  return values;
}

// Sequences of the given lengths, packed; `first` is the place of the first in the global batch.
struct PackedLayout {
  std::vector<std::int32_t> cu_seqlens{0}, sequence, position;

  explicit PackedLayout(const std::vector<int>& lengths, std::int32_t first = 3) {
    for (std::size_t s = 0; s < lengths.size(); ++s) {
      for (std::int32_t t = 0; t < lengths[s]; ++t) {
        sequence.push_back(first + static_cast<std::int32_t>(s));
        position.push_back(t);
      }
      cu_seqlens.push_back(static_cast<std::int32_t>(sequence.size()));
    }
  }
  std::int64_t tokens() const { return static_cast<std::int64_t>(sequence.size()); }
  Layout view() const {
    return {tokens(), static_cast<std::int64_t>(cu_seqlens.size()) - 1, cu_seqlens.data(), sequence.data(),
            position.data()};
  }
};

inline Dropout dropout_of(float probability, DropoutSite site) {
  return {probability, 1234567890123ULL, 17, site, 2};
}

}  // namespace bertune::kernels::testing
