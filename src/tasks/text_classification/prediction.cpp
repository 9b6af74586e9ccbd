#include "tasks/text_classification/prediction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/json.h"
#include "core/utf8.h"
#include "tasks/metrics.h"

namespace bertune::tasks {
namespace {

std::string valid_text(std::string_view text) {
  std::uint64_t replaced = 0;
  return replace_invalid_utf8(text, replaced);
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

ProblemType type_of(const BertConfig& config) {
  return config.problem_type.value_or(config.num_labels() == 1 ? ProblemType::regression
                                                               : ProblemType::single_label_classification);
}

// {"negative": 0.02, ...} in the order of ids.
OrderedJson scores_by_label(const BertConfig& config, const Prediction& prediction) {
  OrderedJson scores = OrderedJson::object();
  for (std::size_t i = 0; i < prediction.scores.size(); ++i)
    scores[config.id2label[i]] = prediction.scores[i];
  return scores;
}

}  // namespace

Prediction predict(const BertConfig& config, std::span<const float> logits, double threshold) {
  const ProblemType type = type_of(config);
  if (type == ProblemType::regression) return {{}, logits[0], {}};
  Prediction prediction{{}, 0, probabilities(type, logits)};
  const auto best = std::ranges::max_element(prediction.scores);
  prediction.score = *best;
  if (type == ProblemType::single_label_classification) {
    prediction.labels = {config.id2label[static_cast<std::size_t>(best - prediction.scores.begin())]};
    return prediction;
  }
  for (std::size_t i = 0; i < prediction.scores.size(); ++i) {
    if (prediction.scores[i] > threshold) prediction.labels.push_back(config.id2label[i]);
  }
  return prediction;
}

std::string prediction_header(PredictionFormat format, bool has_pair) {
  if (format == PredictionFormat::jsonl) return "";
  return has_pair ? "text,text_pair,label,score\n" : "text,label,score\n";
}

std::string prediction_line(PredictionFormat format, const BertConfig& config, const data::Row& row,
                            bool has_pair, const Prediction& prediction) {
  const ProblemType type = type_of(config);
  if (format == PredictionFormat::csv) {
    const std::string pair = has_pair ? csv_field(valid_text(row.text_pair)) + "," : "";
    return fmt::format("{},{}{},{}\n", csv_field(valid_text(row.text)), pair,
                       csv_field(fmt::format("{}", fmt::join(prediction.labels, "|"))), prediction.score);
  }
  OrderedJson line = {{"text", valid_text(row.text)}};
  if (has_pair) line["text_pair"] = valid_text(row.text_pair);
  if (type == ProblemType::single_label_classification) line["label"] = prediction.labels.front();
  if (type == ProblemType::multi_label_classification) line["labels"] = prediction.labels;
  line["score"] = prediction.score;
  if (type != ProblemType::regression) line["scores"] = scores_by_label(config, prediction);
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace bertune::tasks
