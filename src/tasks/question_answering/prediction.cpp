#include "tasks/question_answering/prediction.h"

#include <algorithm>
#include <utility>

namespace bertune::tasks {
namespace {

class QuestionAnsweringDecoder : public Decoder {
 public:
  QuestionAnsweringDecoder(const QuestionAnsweringExamples& examples, const QuestionAnsweringTask& task,
                           UsePrediction use)
      : collector_(examples, task.answers,
                   [use = std::move(use), candidates = task.candidates](std::int64_t question,
                                                                        const AnswerPrediction& prediction) {
                     use(question, answer_of(prediction, candidates));
                   }) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    collector_.add(first_row, batch, output);
  }

 private:
  AnswerCollector collector_;
};

AnswerSpan span_of(const AnswerCandidate& candidate) {
  return {std::string(candidate.text), candidate.score, {candidate.code_points, candidate.bytes}};
}

}  // namespace

void AnswerCollector::add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) {
  const QuestionAnsweringFeatures& features = examples_.features();
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch.sequences()); ++i) {
    start_logits_.clear(), end_logits_.clear();
    for (auto t = static_cast<std::size_t>(batch.cu_seqlens[i]);
         t < static_cast<std::size_t>(batch.cu_seqlens[i + 1]); ++t) {
      start_logits_.push_back(output.logits[2 * t]);
      end_logits_.push_back(output.logits[2 * t + 1]);
    }
    const std::int64_t row = first_row + static_cast<std::int64_t>(i);
    finder_.add_window(features.window(row), start_logits_, end_logits_);
    const auto question = features.examples[static_cast<std::size_t>(row)];
    if (row + 1 < features.rows() && features.examples[static_cast<std::size_t>(row + 1)] == question)
      continue;
    use_(question, finder_.take(examples_.dataset().examples[static_cast<std::size_t>(question)].context));
  }
}

Answer answer_of(const AnswerPrediction& prediction, std::int64_t candidates) {
  Answer answer{span_of(prediction.best), prediction.null_odds};
  if (candidates <= 1) return answer;
  const auto count = std::min(static_cast<std::size_t>(candidates), prediction.n_best.size());
  for (std::size_t i = 0; i < count; ++i) answer.candidates.push_back(span_of(prediction.n_best[i]));
  return answer;
}

std::unique_ptr<Decoder> decoder_of(const QuestionAnsweringExamples& examples,
                                    const QuestionAnsweringTask& task, UsePrediction use) {
  return std::make_unique<QuestionAnsweringDecoder>(examples, task, std::move(use));
}

Request request_of(std::shared_ptr<const QuestionAnsweringExamples> examples,
                   const QuestionAnsweringTask& task) {
  Request request;
  request.examples = examples;
  request.items = examples->dataset().size();
  request.decoder = [examples, &task](UsePrediction use) {
    return decoder_of(*examples, task, std::move(use));
  };
  request.input = [examples](std::int64_t item) {
    const data::QuestionAnsweringExample& asked =
        examples->dataset().examples[static_cast<std::size_t>(item)];
    return Input{.text = "", .question = std::string(asked.question), .context = std::string(asked.context)};
  };
  return request;
}

OrderedJson question_json(const data::QuestionAnsweringExample& example, const Prediction& prediction) {
  return prediction_json(prediction, {}, {{"id", example.id}, {"question", example.question}});
}

}  // namespace bertune::tasks
