// Extractive question answering as a task: windows to batches, logits to answers, answers to SQuAD's metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "data/questions/question_answering.h"
#include "tasks/question_answering/answers.h"
#include "tasks/question_answering/question_answering.h"
#include "tasks/task.h"

namespace bertune::tasks {

// Metrics: loss (over windows), then those of squad_metrics.h: of 2.0 when questions may have no answer.
struct QuestionAnsweringTask : Task {
  QuestionAnswering windows;
  AnswerOptions answers;

  std::string_view name() const override { return "question-answering"; }
  Architecture architecture() const override { return Architecture::question_answering; }
  void describe_head(LoadOptions&) const override {}
  std::string default_metric() const override { return "f1"; }
  std::unique_ptr<Scorer> scorer(const Examples& examples) const override;
  Json tune(const Metrics& validation) override;  // the null threshold
};

// Rows are windows.
class QuestionAnsweringExamples : public Examples {
 public:
  QuestionAnsweringExamples(data::QuestionAnsweringDataset dataset, const BertTokenizer& tokenizer,
                            const QuestionAnswering& windows, bool with_labels);

  std::int64_t rows() const override { return features_.rows(); }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return features_.begins[static_cast<std::size_t>(rows)];
  }
  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;

  const data::QuestionAnsweringDataset& dataset() const { return dataset_; }
  const QuestionAnsweringFeatures& features() const { return features_; }

 private:
  data::QuestionAnsweringDataset dataset_;
  QuestionAnsweringFeatures features_;
};

// Puts the answers together from outputs for all windows, in order.
class AnswerCollector {
 public:
  using Use = std::function<void(const data::QuestionAnsweringExample&, const AnswerPrediction&)>;
  AnswerCollector(const QuestionAnsweringExamples& examples, const AnswerOptions& options, Use use)
      : examples_(examples), finder_(options), use_(std::move(use)) {}
  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output);

 private:
  const QuestionAnsweringExamples& examples_;
  AnswerFinder finder_;
  Use use_;
  std::vector<float> start_logits_, end_logits_;
};

// {"id", "question", "answer", "score", "start", "end", "start_byte", "end_byte", "null_odds"?, "n_best"?}:
// one JSON object and a newline. `n_best`: how many candidates to list, when more than one.
std::string answer_line(const data::QuestionAnsweringExample& example, const AnswerPrediction& prediction,
                        std::int64_t n_best);

}  // namespace bertune::tasks
