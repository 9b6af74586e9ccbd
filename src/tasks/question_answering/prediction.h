// Turns the answers of windows into predictions for a user, and their lines in a file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "tasks/prediction.h"
#include "tasks/question_answering/answers.h"
#include "tasks/question_answering/task.h"
#include "tasks/request.h"

namespace bertune::tasks {

// Puts the answers together from outputs for all windows, in order.
class AnswerCollector {
 public:
  // `question`: its number in the dataset.
  using Use = std::function<void(std::int64_t question, const AnswerPrediction&)>;
  AnswerCollector(const QuestionAnsweringExamples& examples, const AnswerOptions& options, Use use)
      : examples_(examples), finder_(options), use_(std::move(use)) {}
  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output);

 private:
  const QuestionAnsweringExamples& examples_;
  AnswerFinder finder_;
  Use use_;
  std::vector<float> start_logits_, end_logits_;
};

// `candidates`: how many to list, when more than one.
Answer answer_of(const AnswerPrediction& prediction, std::int64_t candidates);

// Items are questions. `examples` must outlive it.
std::unique_ptr<Decoder> decoder_of(const QuestionAnsweringExamples& examples,
                                    const QuestionAnsweringTask& task, UsePrediction use);

// Returns the request of questions without answers; what they point into, and the task, must stay.
Request request_of(std::shared_ptr<const QuestionAnsweringExamples> examples,
                   const QuestionAnsweringTask& task);

// {"id", "question"} and the answer.
OrderedJson question_json(const data::QuestionAnsweringExample& example, const Prediction& prediction);

}  // namespace bertune::tasks
