#include "tasks/question_answering/question_answering_task.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/utf8.h"
#include "tasks/packed_examples.h"
#include "tasks/question_answering/squad_metrics.h"

namespace bertune::tasks {
namespace {

class QuestionAnsweringScorer : public Scorer {
 public:
  QuestionAnsweringScorer(const QuestionAnsweringExamples& examples, const AnswerOptions& options)
      : negatives_(options.version_2_with_negative),
        metrics_(negatives_ ? SquadVersion::v2_0 : SquadVersion::v1_1, options.null_score_diff_threshold),
        collector_(examples, options, [this](const auto& example, const AnswerPrediction& prediction) {
          count(example, prediction);
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

OrderedJson place(const AnswerCandidate& candidate) {
  return {{"answer", candidate.text},
          {"score", candidate.score},
          {"start", candidate.code_points.begin},
          {"end", candidate.code_points.end}};
}

}  // namespace

std::unique_ptr<Scorer> QuestionAnsweringTask::scorer(const Examples& examples) const {
  return std::make_unique<QuestionAnsweringScorer>(dynamic_cast<const QuestionAnsweringExamples&>(examples),
                                                   answers);
}

Json QuestionAnsweringTask::tune(const Metrics& validation) {
  if (!answers.version_2_with_negative) return Json::object();
  answers.null_score_diff_threshold = validation.value("best_f1_thresh");
  return {{"null_score_diff_threshold", answers.null_score_diff_threshold}};
}

QuestionAnsweringExamples::QuestionAnsweringExamples(data::QuestionAnsweringDataset dataset,
                                                     const BertTokenizer& tokenizer,
                                                     const QuestionAnswering& windows, bool with_labels)
    : dataset_(std::move(dataset)), features_(make_features(dataset_, tokenizer, windows, with_labels)) {}

void QuestionAnsweringExamples::add_to(Batch& batch, std::int64_t row) const {
  features_.add_to(batch, row);
  if (features_.start_positions.empty()) return;
  batch.start_positions.push_back(features_.start_positions[static_cast<std::size_t>(row)]);
  batch.end_positions.push_back(features_.end_positions[static_cast<std::size_t>(row)]);
}

std::string QuestionAnsweringExamples::fingerprint() const {
  return fingerprint_of(features_).add(features_.start_positions).add(features_.end_positions).text();
}

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
    const data::QuestionAnsweringExample& example =
        examples_.dataset().examples[static_cast<std::size_t>(question)];
    use_(example, finder_.take(example.context));
  }
}

std::string answer_line(const data::QuestionAnsweringExample& example, const AnswerPrediction& prediction,
                        std::int64_t n_best) {
  OrderedJson line = {{"id", example.id}, {"question", example.question}};
  line.update(place(prediction.best));
  line["start_byte"] = prediction.best.bytes.begin;
  line["end_byte"] = prediction.best.bytes.end;
  if (prediction.null_odds) line["null_odds"] = *prediction.null_odds;
  if (n_best > 1) {
    const auto count = std::min(static_cast<std::size_t>(n_best), prediction.n_best.size());
    line["n_best"] = OrderedJson::array();
    for (std::size_t i = 0; i < count; ++i) line["n_best"].push_back(place(prediction.n_best[i]));
  }
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace bertune::tasks
