#include "tasks/question_answering/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "tasks/question_answering/metrics.h"
#include "tasks/question_answering/prediction.h"
#include "tasks/trained_settings.h"

namespace bertune::tasks {
namespace {

class QuestionAnsweringScorer : public Scorer {
 public:
  QuestionAnsweringScorer(const QuestionAnsweringExamples& examples, const AnswerOptions& options)
      : negatives_(options.version_2_with_negative),
        metrics_(negatives_ ? SquadVersion::v2_0 : SquadVersion::v1_1, options.null_score_diff_threshold),
        collector_(examples, options, [this, &examples](std::int64_t question, const auto& prediction) {
          count(examples.dataset().examples[static_cast<std::size_t>(question)], prediction);
        }) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    windows_ += batch.sequences();
    loss_ += static_cast<double>(output.loss) * static_cast<double>(batch.sequences());
    collector_.add(first_row, batch, output);
  }

  Metrics result() const override {
    Metrics metrics;
    metrics.rows = questions_;
    metrics.unit = "question";
    metrics.headline = {negatives_ ? "exact" : "exact_match", "f1"};
    metrics.values = {{"loss", windows_ > 0 ? loss_ / static_cast<double>(windows_) : 0.0}};
    for (const auto& value : metrics_.result()) metrics.values.push_back(value);
    return metrics;
  }

 private:
  void count(const data::QuestionAnsweringExample& example, const AnswerPrediction& prediction) {
    ++questions_;
    std::vector<std::string_view> golds;
    for (const data::Answer& answer : example.answers) golds.push_back(answer.text);
    const AnswerCandidate& said = negatives_ ? prediction.best_non_null : prediction.best;
    metrics_.add(golds, said.text, prediction.null_odds.value_or(0));
  }

  bool negatives_;
  std::int64_t windows_ = 0, questions_ = 0;
  double loss_ = 0;
  SquadMetrics metrics_;
  AnswerCollector collector_;
};

class QuestionAnsweringRecorder : public Recorder {
 public:
  QuestionAnsweringRecorder(const QuestionAnsweringExamples& examples, const AnswerOptions& options,
                            UseRecord use)
      : examples_(examples),
        options_(options),
        use_(std::move(use)),
        collector_(examples, options, [this](std::int64_t question, const AnswerPrediction& prediction) {
          use_(record_of(question, prediction));
        }) {}

  RecordForm form() const override {
    return {.outcome = Outcome::answers, .labels = {}, .width = 2, .unit = "question"};
  }

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    collector_.add(first_row, batch, output);
  }

 private:
  ItemRecord record_of(std::int64_t question, const AnswerPrediction& prediction) const {
    const data::QuestionAnsweringExample& example =
        examples_.dataset().examples[static_cast<std::size_t>(question)];
    ItemRecord record{.item = question};
    const AnswerCandidate& found = prediction.best_non_null;
    const float score = found.start_logit + found.end_logit;
    record.logits = {score, score + static_cast<float>(prediction.null_odds.value_or(0))};
    count_tokens(question, record);
    SquadMetrics metrics(options_.version_2_with_negative ? SquadVersion::v2_0 : SquadVersion::v1_1,
                         options_.null_score_diff_threshold);
    std::vector<std::string_view> golds;
    for (const data::Answer& answer : example.answers) golds.push_back(answer.text);
    const bool negatives = options_.version_2_with_negative;
    metrics.add(golds, (negatives ? found : prediction.best).text, prediction.null_odds.value_or(0));
    const auto values = metrics.result();  // in percent: exact or exact_match, and f1
    record.more = {{"answer", valid_text(prediction.best.text)},
                   {"score", prediction.best.score},
                   {"answers", Json::array()},
                   {"exact", values[0].second / 100},
                   {"f1", values[1].second / 100}};
    for (const std::string_view gold : golds) record.more["answers"].push_back(valid_text(gold));
    return record;
  }

  void count_tokens(std::int64_t question, ItemRecord& record) const {
    const QuestionAnsweringFeatures& features = examples_.features();
    const auto [first, last] = std::equal_range(features.examples.begin(), features.examples.end(), question);
    record.windows = last - first;
    const auto begin = first - features.examples.begin(), end = last - features.examples.begin();
    record.tokens =
        features.begins[static_cast<std::size_t>(end)] - features.begins[static_cast<std::size_t>(begin)];
  }

  const QuestionAnsweringExamples& examples_;
  const AnswerOptions options_;
  UseRecord use_;
  AnswerCollector collector_;
};

}  // namespace

std::unique_ptr<Recorder> QuestionAnsweringTask::recorder_of(const QuestionAnsweringExamples& examples,
                                                             UseRecord use) const {
  return std::make_unique<QuestionAnsweringRecorder>(examples, answers, std::move(use));
}

std::unique_ptr<Scorer> QuestionAnsweringTask::scorer_of(const QuestionAnsweringExamples& examples) const {
  return std::make_unique<QuestionAnsweringScorer>(examples, answers);
}

Json QuestionAnsweringTask::tune(const Metrics& validation) {
  if (!answers.version_2_with_negative) return Json::object();
  answers.null_score_diff_threshold = validation.value("best_f1_thresh");
  return {{keys::kNullScoreDiffThreshold, answers.null_score_diff_threshold}};
}

void QuestionAnsweringTask::restore_thresholds(const Json& settings) {
  answers.null_score_diff_threshold = setting(settings, keys::kNullScoreDiffThreshold, 0.0);
}

Request QuestionAnsweringTask::request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const {
  data::QuestionAnsweringDataset questions;
  std::unordered_map<std::string_view, std::int64_t> numbers;  // of contexts: each is tokenized once
  const auto kept = std::make_shared<std::vector<Input>>(inputs.begin(), inputs.end());
  for (const Input& input : *kept) {
    if (input.context.empty()) {
      throw UsageError(
          fmt::format("predict: input {} has no context in which the answer may be", questions.size()));
    }
    const auto [known, is_new] =
        numbers.emplace(input.context, static_cast<std::int64_t>(questions.contexts.size()));
    if (is_new) questions.contexts.push_back(input.context);
    data::QuestionAnsweringExample& example = questions.examples.emplace_back();
    example.question = input.question, example.context = input.context;
    example.context_index = known->second;
  }
  Request request = request_of(
      std::make_shared<const QuestionAnsweringExamples>(std::move(questions), tokenizer, windows, false),
      *this);
  request.inputs = kept;
  return request;
}

}  // namespace bertune::tasks
