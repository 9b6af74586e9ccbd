// Multiple choice: which of several choices answers a question, as Transformers' run_swag.py trains it. A row
// is a question: a sequence for each of its choices, of which a softmax over their logits takes one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/batch.h"
#include "bertune/tokenizer.h"
#include "data/choices/multiple_choice.h"
#include "tasks/packed_examples.h"

namespace bertune::tasks {

// Metrics: loss, accuracy.
struct MultipleChoice : Task {
  std::int64_t max_length = 128;

  std::string_view name() const override { return "multiple-choice"; }
  Architecture architecture() const override { return Architecture::multiple_choice; }
  // Nothing: it has one output, whatever the number of choices.
  void describe_head(LoadOptions&) const override {}
  std::string default_metric() const override { return "accuracy"; }
  std::unique_ptr<Scorer> scorer(const Examples& examples) const override;
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

struct Choice {
  std::int64_t choice = 0;     // the most probable; of equals the first
  std::vector<double> scores;  // [num_choices] probabilities
};

Choice choose(std::span<const float> logits);

// {"id"?, the context and the question under the names of their columns, "choice", "text", "score", "scores"}
// with its newline. A context called "text" is called "context", for "text" is the chosen one.
std::string choice_line(const data::MultipleChoiceDataset& dataset, std::int64_t question,
                        const Choice& choice);

}  // namespace bertune::tasks
