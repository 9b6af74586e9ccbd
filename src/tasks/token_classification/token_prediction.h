// From the tags of words to what a user is told: entities or a tag a word, and their lines in a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/tagged/tagged.h"
#include "tasks/token_classification/word_predictions.h"

namespace bertune::tasks {

struct PredictedEntity {
  std::string type;
  std::int32_t first_word = 0, end_word = 0;
  double score = 0;  // mean of the scores of its words
};

// Entities of a sentence as Transformers' pipeline with aggregation_strategy="first" finds them: a word has
// the label of its first piece, and words are put together as seqeval reads tags. `predictions`: one a word.
std::vector<PredictedEntity> predicted_entities(std::span<const WordPrediction> predictions,
                                                const TokenClassification& task);

// One JSON object with a newline. The sentence as it came: its "text", or its "tokens".
// With entities: {"text", "entities": [{"label", "text", "start", "end", "start_byte", "end_byte",
// "score"}]}: offsets in code points, and in bytes of the UTF-8; without a text {"tokens", "tags",
// "entities": [{"label", "text", "first_token", "end_token", "score"}]}. Else a tag a word: {"text"?,
// "tokens", "tags", "scores", "offsets"?}, offsets [start, end] in code points. Each can be read back as
// training data. Bytes of the text that are not UTF-8 count and are written as U+FFFD.
std::string token_prediction_line(const data::TaggedSentence& sentence,
                                  std::span<const WordPrediction> predictions,
                                  const TokenClassification& task);

}  // namespace bertune::tasks
