// Questions of which one of several choices is the answer, as rows of batches: a sequence for each of its
// choices.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/tokenizer.h"
#include "data/choices/multiple_choice.h"
#include "tasks/packed_examples.h"

namespace bertune::tasks {

// The settings that turn questions into features.
struct MultipleChoice {
  std::int64_t max_length = 128;
};

// Sequence i * num_choices + c is choice c of question i.
struct MultipleChoiceExamples : PackedExamples {
  std::int64_t num_choices = 1;
  std::vector<std::int32_t> labels;  // [questions], or empty

  std::int64_t rows() const override { return PackedExamples::rows() / num_choices; }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return PackedExamples::tokens_of_first(rows * num_choices);
  }
  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;
};

// Tokenizes on all cores the pairs of texts of every choice, cut at max_length from the longer text first.
// With labels: the dataset has been read with them.
std::unique_ptr<MultipleChoiceExamples> make_examples(const data::MultipleChoiceDataset& dataset,
                                                      const BertTokenizer& tokenizer,
                                                      const MultipleChoice& task, bool with_labels);

}  // namespace bertune::tasks
