// Extractive question answering as a task: windows to batches, logits to answers, answers to SQuAD's metrics.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tasks/question_answering/answers.h"
#include "tasks/question_answering/examples.h"
#include "tasks/request.h"

namespace bertune::tasks {

// Metrics: loss (over windows), then those of metrics.h beside this file: of SQuAD 2.0 when questions may
// have no answer.
struct QuestionAnsweringTask : TaskOf<QuestionAnsweringExamples>, PredictionTask {
  QuestionAnswering windows;
  AnswerOptions answers;
  std::int64_t candidates = 1;  // to list in a prediction, when more than one

  std::string_view name() const override { return "question-answering"; }
  Architecture architecture() const override { return Architecture::question_answering; }
  void describe_head(LoadOptions&) const override {}
  std::string default_metric() const override { return "f1"; }
  Json tune(const Metrics& validation) override;  // the null threshold
  void restore_thresholds(const Json& settings) override;

  Request request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const override;

 private:
  std::unique_ptr<Scorer> scorer_of(const QuestionAnsweringExamples& examples) const override;
  std::unique_ptr<Recorder> recorder_of(const QuestionAnsweringExamples& examples,
                                        UseRecord use) const override;
};

}  // namespace bertune::tasks
