#include "tasks/multiple_choice/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "tasks/averages.h"
#include "tasks/multiple_choice/prediction.h"
#include "tasks/softmax.h"

namespace bertune::tasks {
namespace {

class MultipleChoiceScorer : public Scorer {
 public:
  explicit MultipleChoiceScorer(const MultipleChoiceExamples& examples) : examples_(examples) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto width = static_cast<std::size_t>(batch.num_choices);
    for (std::size_t i = 0; i * width < output.logits.size(); ++i) {
      const std::int32_t label = examples_.labels.at(static_cast<std::size_t>(first_row) + i);
      const std::span<const float> logits = output.logits.subspan(i * width, width);
      loss_sum_ += Softmax(logits).loss(logits[static_cast<std::size_t>(label)]);
      correct_ += std::ranges::max_element(logits) - logits.begin() == label ? 1 : 0;
      ++rows_;
    }
  }

  Metrics result() const override {
    Metrics metrics;
    metrics.rows = rows_;
    metrics.unit = "question";
    metrics.values = {{"loss", ratio(loss_sum_, count(rows_))},
                      {"accuracy", ratio(count(correct_), count(rows_))}};
    return metrics;
  }

 private:
  const MultipleChoiceExamples& examples_;
  double loss_sum_ = 0;
  std::int64_t rows_ = 0, correct_ = 0;
};

class MultipleChoiceRecorder : public Recorder {
 public:
  MultipleChoiceRecorder(const MultipleChoiceExamples& examples, UseRecord use)
      : examples_(examples), use_(std::move(use)) {}

  RecordForm form() const override {
    return {.outcome = Outcome::choices, .labels = {}, .width = examples_.num_choices, .unit = "question"};
  }

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto width = static_cast<std::size_t>(batch.num_choices);
    for (std::size_t i = 0; i * width < output.logits.size(); ++i) {
      const std::span<const float> logits = output.logits.subspan(i * width, width);
      ItemRecord record{.item = first_row + static_cast<std::int64_t>(i)};
      record.logits.assign(logits.begin(), logits.end());
      record.truth = {static_cast<float>(examples_.labels.at(static_cast<std::size_t>(record.item)))};
      for (std::int64_t choice = 0; choice < examples_.num_choices; ++choice)
        examples_.count_tokens(record.item * examples_.num_choices + choice, record);
      use_(std::move(record));
    }
  }

 private:
  const MultipleChoiceExamples& examples_;
  UseRecord use_;
};

}  // namespace

std::unique_ptr<Scorer> MultipleChoiceTask::scorer_of(const MultipleChoiceExamples& examples) const {
  return std::make_unique<MultipleChoiceScorer>(examples);
}

std::unique_ptr<Recorder> MultipleChoiceTask::recorder_of(const MultipleChoiceExamples& examples,
                                                          UseRecord use) const {
  return std::make_unique<MultipleChoiceRecorder>(examples, std::move(use));
}

Request MultipleChoiceTask::request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const {
  const auto kept = std::make_shared<std::vector<Input>>(inputs.begin(), inputs.end());
  data::MultipleChoiceDataset questions;
  for (const Input& input : *kept) {
    const auto choices = static_cast<std::int64_t>(input.choices.size());
    if (choices < 2) throw UsageError(fmt::format("predict: input {} has no choices", questions.size()));
    if (questions.num_choices == 0) questions.num_choices = choices;
    if (choices != questions.num_choices) {
      throw UsageError(fmt::format("predict: input {} has {} choices and the first has {}", questions.size(),
                                   choices, questions.num_choices));
    }
    data::MultipleChoiceQuestion& question = questions.questions.emplace_back();
    question.context = input.context, question.question = input.question;
    questions.choices.insert(questions.choices.end(), input.choices.begin(), input.choices.end());
  }
  const auto dataset = std::make_shared<const data::MultipleChoiceDataset>(std::move(questions));
  Request request = request_of(dataset, *this, tokenizer);
  request.inputs = kept;
  return request;
}

}  // namespace bertune::tasks
