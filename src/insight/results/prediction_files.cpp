// Writing predictions.json and predictions.safetensors.
#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/safetensors.h"
#include "core/file.h"
#include "core/writing.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;

// Returns what is right for a row, for people and other programs; `truth` says the same in numbers.
Json label_of(const PredictionTable& table, const PredictedSet& set, std::size_t row) {
  const std::vector<std::string>& names = table.form.labels;
  const auto begin = static_cast<std::size_t>(set.begins[row]),
             end = static_cast<std::size_t>(set.begins[row + 1]);
  const auto width = static_cast<std::size_t>(table.truth_width());
  const auto name_of = [&](std::size_t position) {
    const auto id = static_cast<std::size_t>(set.truth[position]);
    return id < names.size() ? Json(names[id]) : Json(id);
  };
  Json several = Json::array();
  switch (table.form.outcome) {
    case Outcome::classes:
    case Outcome::choices:
      return name_of(begin);
    case Outcome::tags:
      for (std::size_t position = begin; position < end; ++position) several.push_back(name_of(position));
      return several;
    case Outcome::labels:
      for (std::size_t i = 0; i < width; ++i)
        if (set.truth[begin * width + i] > 0.5F) several.push_back(names[i]);
      return several;
    case Outcome::numbers:
      for (std::size_t i = 0; i < width; ++i) several.push_back(set.truth[begin * width + i]);
      return width == 1 ? several[0] : several;
    case Outcome::cosines:
      return set.truth[begin];
    case Outcome::answers:
    case Outcome::partners:
      break;
  }
  return nullptr;
}

OrderedJson row_json(const PredictionTable& table, const PredictedSet& set, std::size_t index) {
  const PredictedRow& row = set.rows[index];
  OrderedJson json = {{"row", row.row}};
  if (!row.id.empty()) json["id"] = row.id;
  json["where"] = row.where;
  json["text"] = row.text;
  if (!row.text_pair.empty()) json["text_pair"] = row.text_pair;
  json["hash"] = row.hash;
  json["tokens"] = row.tokens;
  if (row.windows != 1) json["windows"] = row.windows;
  if (row.cut_tokens != 0) json["cut_tokens"] = row.cut_tokens;
  if (table.form.outcome == Outcome::tags) json["words"] = set.begins[index + 1] - set.begins[index];
  if (const Json label = label_of(table, set, index); !label.is_null()) json["label"] = label;
  for (const auto& [key, value] : row.more.items()) json[key] = value;
  return json;
}

// A line for each row: such a file can be read by a person, and a part of it looked at.
std::string text_of(const PredictionTable& table) {
  OrderedJson head = {{"format", kPredictionsFormat},
                      {"task", table.task},
                      {"outcome", tasks::kOutcomes.of(table.form.outcome)},
                      {"labels", table.form.labels},
                      {"width", table.form.width},
                      {"unit", table.form.unit}};
  if (!table.form.scheme.empty()) head["scheme"] = table.form.scheme;
  if (table.form.temperature != 1) head["temperature"] = table.form.temperature;
  if (table.form.folded_by != 1) head["folded_by"] = table.form.folded_by;
  if (table.form.outcome == Outcome::labels) head["threshold"] = table.form.threshold;
  std::string text = head.dump();
  text.pop_back();
  text += ", \"sets\": {";
  for (const PredictedSet& set : table.sets) {
    if (&set != &table.sets.front()) text += ",";
    text += fmt::format("\n\"{}\": {{\"path\": {}, \"in_all\": {}, \"rows\": [", set.name,
                        Json(set.path).dump(-1, ' ', false, Json::error_handler_t::replace), set.in_all);
    for (std::size_t i = 0; i < set.rows.size(); ++i) {
      text += i == 0 ? "\n" : ",\n";
      text += row_json(table, set, i).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    }
    text += "]}";
  }
  return text + "}}\n";
}

std::vector<std::int64_t> truth_shape(const PredictionTable& table, const PredictedSet& set) {
  if (table.truth_width() == 1) return {static_cast<std::int64_t>(set.truth.size())};
  return {static_cast<std::int64_t>(set.truth.size()) / table.form.width, table.form.width};
}

}  // namespace

bool has_predictions(const std::filesystem::path& folder) {
  return path_exists(folder / kPredictionsFile) && path_exists(folder / kPredictedTensorsFile);
}

void write_predictions(const std::filesystem::path& folder, const PredictionTable& table) {
  if (table.sets.empty()) {
    for (const char* name : {kPredictionsFile, kPredictedTensorsFile})
      if (path_exists(folder / name)) writing::unlink(folder / name);
    return;
  }
  std::vector<checkpoint::TensorView> tensors;
  for (const PredictedSet& set : table.sets) {
    tensors.push_back(
        checkpoint::f32_view(set.name + ".logits", {set.begins.back(), table.form.width}, set.logits));
    if (!set.truth.empty())
      tensors.push_back(checkpoint::f32_view(set.name + ".truth", truth_shape(table, set), set.truth));
  }
  // The JSON comes last: without it nothing is read, and new logits are never taken for those of an old one.
  if (path_exists(folder / kPredictionsFile)) writing::unlink(folder / kPredictionsFile);
  checkpoint::write_safetensors(folder / kPredictedTensorsFile, std::move(tensors));
  write_file_atomically(folder / kPredictionsFile, text_of(table));
}

}  // namespace bertune::insight
