// A sequence is what a model reads of an input, as tokens that belong to words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/explain.h"
#include "bertune/prediction.h"
#include "bertune/tokenizer.h"

namespace bertune::insight {

struct SequenceWord {
  ExplainedWord shown;
  std::size_t first = 0, end = 0;  // its tokens
};

struct Sequence {
  std::vector<std::int32_t> input_ids, token_type_ids;
  std::vector<SequenceWord> words;
  std::int64_t truncated_tokens = 0;
};

// A text, or a pair of texts, of up to max_length tokens.
Sequence sequence_of_texts(const BertTokenizer& tokenizer, std::string_view text,
                           const std::optional<std::string>& text_pair, std::int64_t max_length);

// Words that are tagged, as far as they fit. A word that gives no token is left out; `places` are those of
// the words that are in, in `words`.
struct TaggedSequence {
  Sequence sequence;
  std::vector<std::size_t> places;
};
TaggedSequence sequence_of_words(const BertTokenizer& tokenizer, std::span<const TaggedWord> words,
                                 std::int64_t max_length);

// A question and the window of its context in which `answer` (bytes; empty: none) has the most around it.
// Throws UsageError for a question that leaves the context no room.
Sequence sequence_of_question(const BertTokenizer& tokenizer, std::string_view question,
                              std::string_view context, Span answer, std::int64_t max_length);

}  // namespace bertune::insight
