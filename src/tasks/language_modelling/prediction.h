// The predictions of pre-trained models: words for masks, and whether one text follows another.
#pragma once

#include <cstdint>
#include <span>

#include "tasks/request.h"

namespace bertune::tasks {

// The most probable words for each mask token of a text. Items are texts.
struct MaskedWordsTask : PredictionTask {
  std::int64_t max_length = 512;
  std::int64_t top = 1;  // words per mask

  // Throws UsageError for a text without a mask token among those that the model reads.
  Request request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const override;
};

// Predicts whether the second text of a pair follows the first.
struct NextSentenceTask : PredictionTask {
  std::int64_t max_length = 512;

  Request request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const override;
};

}  // namespace bertune::tasks
