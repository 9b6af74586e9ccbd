#include "tasks/text_classification/task.h"

#include <fmt/format.h>

#include <utility>

#include "bertune/error.h"
#include "tasks/text_classification/prediction.h"
#include "tasks/text_classification/windows.h"
#include "tasks/trained_settings.h"

namespace bertune::tasks {
namespace {

class TextClassificationScorer : public Scorer {
 public:
  TextClassificationScorer(const TextClassificationTask& task, const TextClassificationExamples& examples)
      : examples_(examples),
        pool_(examples),
        metrics_(task.problem_type, task.labels.id2label(), task.threshold) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto width = static_cast<std::size_t>(examples_.num_labels);
    pool_.add(first_row, batch, output, [&](const TextLogits& text) {
      const auto row = static_cast<std::size_t>(text.text);
      if (examples_.targets.empty()) {
        metrics_.add(text.logits, examples_.labels[row]);
      } else {
        metrics_.add(text.logits, std::span(examples_.targets).subspan(row * width, width));
      }
    });
  }
  Metrics result() const override { return metrics_.result(); }

 private:
  const TextClassificationExamples& examples_;
  WindowPool pool_;
  MetricsAccumulator metrics_;
};

class TextClassificationRecorder : public Recorder {
 public:
  TextClassificationRecorder(const TextClassificationTask& task, const TextClassificationExamples& examples,
                             UseRecord use)
      : task_(task), examples_(examples), pool_(examples), use_(std::move(use)) {}

  RecordForm form() const override {
    RecordForm form{.labels = task_.labels.id2label(), .width = examples_.num_labels};
    form.threshold = task_.threshold;
    if (task_.problem_type == ProblemType::multi_label_classification) form.outcome = Outcome::labels;
    if (task_.problem_type == ProblemType::regression) form.outcome = Outcome::numbers;
    return form;
  }

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto width = static_cast<std::size_t>(examples_.num_labels);
    pool_.add(first_row, batch, output, [&](const TextLogits& text) {
      const auto row = static_cast<std::size_t>(text.text);
      ItemRecord record{.item = text.text};
      record.logits.assign(text.logits.begin(), text.logits.end());
      if (examples_.targets.empty()) {
        record.truth = {static_cast<float>(examples_.labels[row])};
      } else {
        const auto targets = std::span(examples_.targets).subspan(row * width, width);
        record.truth.assign(targets.begin(), targets.end());
      }
      examples_.count_tokens_of_text(record.item, record);
      if (const auto window = deciding_window(task_.problem_type, text, examples_))
        record.more["deciding_window"] = window->index;
      use_(std::move(record));
    });
  }

 private:
  const TextClassificationTask& task_;
  const TextClassificationExamples& examples_;
  WindowPool pool_;
  UseRecord use_;
};

}  // namespace

void TextClassificationTask::describe_head(LoadOptions& options) const {
  options.id2label = labels.id2label();
  options.problem_type = problem_type;
}

std::unique_ptr<Scorer> TextClassificationTask::scorer_of(const TextClassificationExamples& examples) const {
  return std::make_unique<TextClassificationScorer>(*this, examples);
}

std::unique_ptr<Recorder> TextClassificationTask::recorder_of(const TextClassificationExamples& examples,
                                                              UseRecord use) const {
  return std::make_unique<TextClassificationRecorder>(*this, examples, std::move(use));
}

Json TextClassificationTask::tune(const Metrics& validation) {
  if (problem_type != ProblemType::multi_label_classification) return Json::object();
  threshold = validation.value("best_threshold");
  return {{keys::kThreshold, threshold}};
}

void TextClassificationTask::restore_thresholds(const Json& settings) {
  threshold = setting(settings, keys::kThreshold, 0.5);
}

Request TextClassificationTask::request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const {
  InputRows given = rows_of(inputs);
  data::Dataset rows;
  rows.rows = std::move(given.rows), rows.has_pairs = given.has_pairs;
  if (reads_pairs && !inputs.empty() && *reads_pairs != rows.has_pairs) {
    throw UsageError(fmt::format("predict: the input is {}, and the model was trained on {}",
                                 rows.has_pairs ? "a pair of texts" : "a single text",
                                 *reads_pairs ? "pairs of texts" : "single texts"));
  }
  return request_of(rows, *this, tokenizer);
}

}  // namespace bertune::tasks
