// A text cut into the words that BERT's tokenizer would see, before it normalizes them.
#pragma once

#include <string_view>
#include <vector>

#include "bertune/tokenizer.h"

namespace bertune::data {

// Bytes of the words: white space separates them, each punctuation character and each ideograph is one of its
// own. Characters that the tokenizer drops (controls, malformed bytes) neither begin nor end a word. Throws
// Error for more than 1 GiB.
std::vector<Span> split_words(std::string_view text);

// Returns where `words` are in `text`, one after the other with nothing but white space between them; empty
// when they are not.
std::vector<Span> locate_words(std::string_view text, const std::vector<std::string_view>& words);

}  // namespace bertune::data
