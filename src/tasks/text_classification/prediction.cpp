#include "tasks/text_classification/prediction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "bertune/metrics.h"

namespace bertune::tasks {
namespace {

class TextClassificationDecoder : public Decoder {
 public:
  TextClassificationDecoder(const TextClassificationTask& task, UsePrediction use)
      : type_(task.problem_type),
        labels_(task.labels.id2label()),
        threshold_(task.threshold),
        use_(std::move(use)) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const std::size_t width = labels_.size();
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch.sequences()); ++i) {
      use_(first_row + static_cast<std::int64_t>(i),
           predict(type_, labels_, output.logits.subspan(i * width, width), threshold_));
    }
  }

 private:
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

std::unique_ptr<Decoder> decoder_of(const TextClassificationTask& task, UsePrediction use) {
  return std::make_unique<TextClassificationDecoder>(task, std::move(use));
}

Request request_of(const data::Dataset& rows, const TextClassificationTask& task,
                   const BertTokenizer& tokenizer) {
  Request request;
  auto examples = make_examples(rows, tokenizer, task, false);
  request.truncated = examples->truncated_at(task.max_length);
  const std::shared_ptr<const TextClassificationExamples> kept = std::move(examples);
  request.is_cut = [kept, most = task.max_length](std::int64_t item) { return kept->is_cut(item, most); };
  request.examples = kept;
  request.items = rows.size();
  request.decoder = [&task](UsePrediction use) { return decoder_of(task, std::move(use)); };
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
