// Compares the lengths of texts with what the model reads of them.
#pragma once

#include <cstdint>
#include <span>

namespace bertune::data {

struct LengthCheck {
  std::int64_t rows = 0, tokens = 0;
  std::int32_t p50 = 0, p90 = 0, p95 = 0, p99 = 0, max = 0;
  std::int64_t max_length = 0;
  std::int64_t truncated_rows = 0, lost_tokens = 0;
};

// `lengths` count tokens before truncation, special ones included. Percentiles are nearest-rank.
LengthCheck check_lengths(std::span<const std::int32_t> lengths, std::int64_t max_length);

// Returns whether so many tokens are [UNK] that a model cannot read the texts: more than a tenth.
constexpr bool are_too_many_unknown(std::int64_t unknown, std::int64_t tokens) {
  return unknown * 10 > tokens;
}

}  // namespace bertune::data
