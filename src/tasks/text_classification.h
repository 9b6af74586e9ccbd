// Classification, multi-label classification and regression of a text or a pair of texts: how rows become
// features.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/tokenizer.h"
#include "data/labels.h"
#include "data/reader.h"

namespace bertune::tasks {

struct TextClassification {
  ProblemType problem_type = ProblemType::single_label_classification;
  data::LabelMap labels;  // for regression: one name
  std::int64_t max_length = 128;
};

// The rows of a dataset as token ids, end to end, with their labels.
struct Features : PackedEncodings {
  std::vector<std::int32_t> labels;  // [rows], or empty
  std::vector<float> targets;        // [rows, num_labels], or empty

  std::int64_t rows() const { return static_cast<std::int64_t>(begins.size()) - 1; }
  std::int64_t tokens() const { return begins.back(); }
  // Appends row `index`, with its labels when there are any, to a batch.
  void add_to(Batch& batch, std::int64_t index, std::int64_t num_labels) const;
};

// Tokenizes on all cores and, with labels, maps them (throws Error naming file:line of one that the task
// lacks).
Features make_features(const data::Dataset& dataset, const BertTokenizer& tokenizer,
                       const TextClassification& task, bool with_labels);

EncodeOptions encode_options(const TextClassification& task);

}  // namespace bertune::tasks
