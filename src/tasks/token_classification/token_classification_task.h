// Token classification as a task: sentences to batches, logits to tags, tags to seqeval's metrics.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data/tagged/tagged.h"
#include "tasks/task.h"
#include "tasks/token_classification/token_classification.h"

namespace bertune::tasks {

// Metrics: those of token_metrics.h.
struct TokenClassificationTask : Task {
  TokenClassification tagging;

  std::string_view name() const override { return "token-classification"; }
  Architecture architecture() const override { return Architecture::token_classification; }
  void describe_head(LoadOptions& options) const override { options.id2label = tagging.labels.id2label(); }
  std::string default_metric() const override;
  std::unique_ptr<Scorer> scorer(const Examples& examples) const override;
};

// Rows are sentences, or windows of long ones.
class TokenClassificationExamples : public Examples {
 public:
  // Without labels when the dataset has none; throws Error for a tag that the task lacks.
  TokenClassificationExamples(const data::TaggedDataset& dataset, const BertTokenizer& tokenizer,
                              const TokenClassification& tagging, LongSentences long_sentences);

  std::int64_t rows() const override { return features_.rows(); }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return features_.begins[static_cast<std::size_t>(rows)];
  }
  void add_to(Batch& batch, std::int64_t row) const override { features_.add_to(batch, row); }
  std::string fingerprint() const override;

  const TokenClassificationFeatures& features() const { return features_; }

 private:
  TokenClassificationFeatures features_;
};

}  // namespace bertune::tasks
