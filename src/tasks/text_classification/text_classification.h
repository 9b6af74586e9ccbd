// Classification, multi-label classification and regression of a text or a pair of texts: how rows become
// features.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/tokenizer.h"
#include "data/texts/labels.h"
#include "data/texts/reader.h"
#include "tasks/packed_examples.h"

namespace bertune::tasks {

struct TextClassification : Task {
  ProblemType problem_type = ProblemType::single_label_classification;
  data::LabelMap labels;  // for regression: one name
  std::int64_t max_length = 128;
  double threshold = 0.5;  // of several labels: the probability above which one is predicted

  std::string_view name() const override { return "text-classification"; }
  Architecture architecture() const override { return Architecture::sequence_classification; }
  void describe_head(LoadOptions& options) const override;
  std::string default_metric() const override { return tasks::default_metric(problem_type); }
  std::unique_ptr<Scorer> scorer(const Examples& examples) const override;
  Json tune(const Metrics& validation) override;  // the threshold of several labels
};

// The rows of a dataset with their labels.
struct TextExamples : PackedExamples {
  std::vector<std::int32_t> labels;  // [rows], or empty
  std::vector<float> targets;        // [rows, num_labels], or empty
  std::int64_t num_labels = 1;

  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;
};

// Tokenizes on all cores and, with labels, maps them (throws Error naming file:line of one that the task
// lacks).
std::unique_ptr<TextExamples> make_examples(const data::Dataset& dataset, const BertTokenizer& tokenizer,
                                            const TextClassification& task, bool with_labels);

EncodeOptions encode_options(const TextClassification& task);

}  // namespace bertune::tasks
