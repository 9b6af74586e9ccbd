// Classification, multi-label classification and regression of a text or a pair of texts.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "tasks/request.h"
#include "tasks/text_classification/examples.h"

namespace bertune::tasks {

struct TextClassificationTask : TaskOf<TextClassificationExamples>, TextClassification, PredictionTask {
  double threshold = 0.5;                // of several labels: the probability above which one is predicted
  std::optional<bool> reads_pairs = {};  // of a trained model, where that is known

  std::string_view name() const override { return "text-classification"; }
  Architecture architecture() const override { return Architecture::sequence_classification; }
  void describe_head(LoadOptions& options) const override;
  std::string default_metric() const override { return bertune::default_metric(problem_type); }
  Json tune(const Metrics& validation) override;  // the threshold of several labels
  void restore_thresholds(const Json& settings) override;

  std::span<const std::string> label_names() const override { return labels.id2label(); }
  Request request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const override;

 private:
  std::unique_ptr<Scorer> scorer_of(const TextClassificationExamples& examples) const override;
  std::unique_ptr<Recorder> recorder_of(const TextClassificationExamples& examples,
                                        UseRecord use) const override;
};

}  // namespace bertune::tasks
