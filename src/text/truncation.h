// Decides how many tokens of a text or pair are kept, and which windows the rest is cut into.
#pragma once

#include <cstdint>
#include <vector>

#include "bertune/tokenizer.h"

namespace bertune::text {

// Tokens [begin, end) of one text.
struct Window {
  std::size_t begin, end;
};

// The tokens kept of each text; no more than there are.
struct KeptTokens {
  std::size_t first, second;
};

// `room` is what the special tokens leave of max_length. Throws Error when the strategy cannot shorten
// enough.
KeptTokens truncate(std::size_t first, std::size_t second, bool is_pair, std::size_t room,
                    Truncation strategy);

// The windows over `length` tokens: the first holds `kept` tokens, each later one begins `stride` tokens
// before the end of the one before. Requires stride < kept unless kept is 0 or nothing is cut.
std::vector<Window> windows(std::size_t length, std::size_t kept, std::size_t stride);

}  // namespace bertune::text
