// Token classification as a task: sentences to batches, logits to tags, tags to seqeval's metrics.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "tasks/request.h"
#include "tasks/token_classification/examples.h"

namespace bertune::tasks {

// Metrics: those of metrics.h beside this file.
struct TokenClassificationTask : TaskOf<TokenClassificationExamples>, TokenClassification, PredictionTask {
  std::string_view name() const override { return "token-classification"; }
  Architecture architecture() const override { return Architecture::token_classification; }
  void describe_head(LoadOptions& options) const override { options.id2label = labels.id2label(); }
  std::string default_metric() const override;

  Request request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const override;

 private:
  std::unique_ptr<Scorer> scorer_of(const TokenClassificationExamples& examples) const override;
  std::unique_ptr<Recorder> recorder_of(const TokenClassificationExamples& examples,
                                        UseRecord use) const override;
};

}  // namespace bertune::tasks
