// The streams of a seed's random numbers, and their uses; no two uses share one.
#pragma once

#include <cstdint>

namespace bertune {

constexpr std::uint32_t kEpochOrderStream = 0xDA000000;  // plus the epoch, below 2^24
constexpr std::uint32_t kSplitStream = 0xDB000000;
constexpr std::uint32_t kFoldStream = 0xDC000000;
constexpr std::uint32_t kDrawnRowsStream = 0xDD000000;
constexpr std::uint32_t kBootstrapStream = 0xDE000000;
constexpr std::uint32_t kPermutationStream = 0xDE000001;
constexpr std::uint32_t kSimulationStream = 0xDE000002;
constexpr std::uint32_t kTuningStream = 0xDF000000;

}  // namespace bertune
