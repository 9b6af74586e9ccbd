// Texts and pairs of texts with their labels, as rows of batches.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/tokenizer.h"
#include "data/texts/labels.h"
#include "data/texts/reader.h"
#include "tasks/packed_examples.h"

namespace bertune::tasks {

// The settings that turn rows into features.
struct TextClassification {
  ProblemType problem_type = ProblemType::single_label_classification;
  data::LabelMap labels;  // for regression: one name
  std::int64_t max_length = 128;
};

// The rows of a dataset with their labels.
struct TextClassificationExamples : PackedExamples {
  std::vector<std::int32_t> labels;  // [rows], or empty
  std::vector<float> targets;        // [rows, num_labels], or empty
  std::int64_t num_labels = 1;

  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;
};

// Tokenizes on all cores and, with labels, maps them (throws Error naming file:line of one that the task
// lacks).
std::unique_ptr<TextClassificationExamples> make_examples(const data::Dataset& dataset,
                                                          const BertTokenizer& tokenizer,
                                                          const TextClassification& task, bool with_labels);

// Returns some of the rows, with their labels.
std::unique_ptr<TextClassificationExamples> subset(const TextClassificationExamples& examples,
                                                   std::span<const std::int64_t> rows);

EncodeOptions encode_options(const TextClassification& task);

}  // namespace bertune::tasks
