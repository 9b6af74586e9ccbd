// Normalizes answers for comparison.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bertune::tasks {

// Returns the text as SQuAD's official scripts compare it: lower case, without ASCII punctuation, without the
// words "a", "an" and "the", one space between words. Lower case and spaces are Python's; whether a rare
// character beside an article is part of its word (a spacing mark, a number in a circle) the frozen tables of
// the tokenizer say, which differ from Python's in some.
std::string normalize_answer(std::string_view text);

// The words of a normalized answer.
std::vector<std::string_view> words_of(std::string_view normalized);

}  // namespace bertune::tasks
