// The model's prediction for each word of a dataset.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bertune/model.h"
#include "tasks/token_classification/examples.h"

namespace bertune::tasks {

struct WordPrediction {
  std::int32_t label = 0;  // the most probable class, by the word's first piece
  float score = 0;         // its probability; 0 of a word that no token speaks for
  float loss = 0;          // cross-entropy of the word's own label, where it has one
};

// WordPredictions is filled row by row, in any order: the result does not depend on batches.
class WordPredictions {
 public:
  // `features` must stay.
  WordPredictions(const TokenClassificationFeatures& features, const TokenClassification& task);

  // The logits of a row: [tokens of the row, num_labels]. Throws Error for another size.
  void add(std::int64_t row, std::span<const float> logits);
  // Adds the logits of all rows of a batch, of which `first_row` is the first.
  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output);

  std::span<const WordPrediction> all() const { return words_; }
  std::span<const WordPrediction> of_sentence(std::int64_t sentence) const;
  // Words that a token speaks for, and the mean of their losses (what BertForTokenClassification gives for
  // all labeled tokens, without label_all_tokens).
  std::int64_t spoken() const { return spoken_; }
  double mean_loss() const;

 private:
  const TokenClassificationFeatures* features_;
  std::size_t num_labels_;
  std::vector<WordPrediction> words_;  // [words of all sentences]
  std::int64_t spoken_ = 0;
};

}  // namespace bertune::tasks
