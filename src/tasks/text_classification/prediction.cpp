#include "tasks/text_classification/prediction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "bertune/metrics.h"
#include "tasks/text_classification/windows.h"

namespace bertune::tasks {
namespace {

class TextClassificationDecoder : public Decoder {
 public:
  TextClassificationDecoder(const TextClassificationTask& task, const TextClassificationExamples& examples,
                            UsePrediction use)
      : examples_(examples),
        pool_(examples),
        type_(task.problem_type),
        labels_(task.labels.id2label()),
        threshold_(task.threshold),
        use_(std::move(use)) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    pool_.add(first_row, batch, output, [this](const TextLogits& text) {
      Prediction prediction = predict(type_, labels_, text.logits, threshold_);
      set_window(prediction, deciding_window(type_, text, examples_));
      use_(text.text, std::move(prediction));
    });
  }

 private:
  static void set_window(Prediction& prediction, const std::optional<DecidingWindow>& window) {
    if (auto* label = std::get_if<Label>(&prediction)) label->window = window;
    if (auto* set = std::get_if<Labels>(&prediction)) set->window = window;
    if (auto* number = std::get_if<Score>(&prediction)) number->window = window;
  }

  const TextClassificationExamples& examples_;
  WindowPool pool_;
  ProblemType type_;
  std::vector<std::string> labels_;
  double threshold_;
  UsePrediction use_;
};

// The fields "label" and "score" of a table.
std::pair<std::string, double> label_and_score(const Prediction& prediction) {
  if (const auto* label = std::get_if<Label>(&prediction)) return {label->label, label->score};
  if (const auto* set = std::get_if<Labels>(&prediction))
    return {fmt::format("{}", fmt::join(set->labels, "|")), set->score};
  return {"", std::get<Score>(prediction).score};
}

}  // namespace

Prediction predict(ProblemType type, std::span<const std::string> labels, std::span<const float> logits,
                   double threshold) {
  if (type == ProblemType::regression) return Score{logits[0]};
  std::vector<double> scores = probabilities(type, logits);
  const auto best = std::ranges::max_element(scores);
  const double score = *best;
  if (type == ProblemType::single_label_classification)
    return Label{labels[static_cast<std::size_t>(best - scores.begin())], score, std::move(scores)};
  Labels set{{}, score, std::move(scores)};
  for (std::size_t i = 0; i < set.scores.size(); ++i)
    if (set.scores[i] > threshold) set.labels.push_back(labels[i]);
  return set;
}

std::unique_ptr<Decoder> decoder_of(const TextClassificationTask& task,
                                    const TextClassificationExamples& examples, UsePrediction use) {
  return std::make_unique<TextClassificationDecoder>(task, examples, std::move(use));
}

Request request_of(const data::Dataset& rows, const TextClassificationTask& task,
                   const BertTokenizer& tokenizer) {
  Request request;
  if (rows.has_pairs) require_single_texts(task.long_text.how);
  auto examples = make_examples(rows, tokenizer, task, false);
  find_places(rows, tokenizer, task, *examples);
  const std::int64_t most = task.max_length;
  if (!examples->has_windows()) request.truncated = examples->truncated_at(most);
  const std::shared_ptr<const TextClassificationExamples> kept = std::move(examples);
  request.is_cut = [kept, most](std::int64_t item) {
    return !kept->has_windows() && kept->is_cut(item, most);
  };
  request.examples = kept;
  request.items = rows.size();
  request.decoder = [&task, kept](UsePrediction use) { return decoder_of(task, *kept, std::move(use)); };
  request.input = [&rows](std::int64_t item) {
    const data::Row& row = rows.rows[static_cast<std::size_t>(item)];
    Input input{.text = std::string(row.text)};
    if (rows.has_pairs) input.text_pair = std::string(row.text_pair);
    return input;
  };
  return request;
}

OrderedJson row_json(const data::Row& row, bool has_pair, const Prediction& prediction,
                     std::span<const std::string> labels) {
  OrderedJson source = OrderedJson::object();
  if (!row.id.empty()) source["id"] = valid_text(row.id);
  source["text"] = valid_text(row.text);
  if (has_pair) source["text_pair"] = valid_text(row.text_pair);
  return prediction_json(prediction, labels, std::move(source));
}

std::string prediction_line(PredictionFormat format, const data::Row& row, bool has_pair,
                            const Prediction& prediction, std::span<const std::string> labels, bool is_cut) {
  if (format == PredictionFormat::jsonl) {
    OrderedJson line = row_json(row, has_pair, prediction, labels);
    if (is_cut) line["truncated"] = true;
    return json_line(line);
  }
  const std::string pair = has_pair ? csv_field(valid_text(row.text_pair)) + "," : "";
  const auto [label, score] = label_and_score(prediction);
  const std::string id = row.id.data() != nullptr ? csv_field(valid_text(row.id)) + "," : "";
  return fmt::format("{}{},{}{},{}\n", id, csv_field(valid_text(row.text)), pair, csv_field(label), score);
}

std::string prediction_header(PredictionFormat format, bool has_pair, bool has_id) {
  if (format == PredictionFormat::jsonl) return "";
  return std::string(has_id ? "id," : "") +
         (has_pair ? "text,text_pair,label,score\n" : "text,label,score\n");
}

}  // namespace bertune::tasks
