// Multiple choice: which of several choices answers a question, as Transformers' run_swag.py trains it. Of
// the logits of a question's choices a softmax takes one.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "tasks/multiple_choice/examples.h"
#include "tasks/request.h"

namespace bertune::tasks {

// Metrics: loss, accuracy.
struct MultipleChoiceTask : TaskOf<MultipleChoiceExamples>, MultipleChoice, PredictionTask {
  std::string_view name() const override { return "multiple-choice"; }
  Architecture architecture() const override { return Architecture::multiple_choice; }
  // The head needs no description: it has one output, whatever the number of choices.
  void describe_head(LoadOptions&) const override {}
  std::string default_metric() const override { return "accuracy"; }

  Request request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const override;

 private:
  std::unique_ptr<Scorer> scorer_of(const MultipleChoiceExamples& examples) const override;
  std::unique_ptr<Recorder> recorder_of(const MultipleChoiceExamples& examples, UseRecord use) const override;
};

}  // namespace bertune::tasks
