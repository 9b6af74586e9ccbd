// predictions.json and predictions.safetensors.
#include <fmt/format.h>

#include <cmath>
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

constexpr std::int64_t kFormat = 1;

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
  OrderedJson head = {{"format", kFormat},
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

std::vector<float> read_tensor(const checkpoint::SafetensorsFile& file, const std::string& name) {
  const auto index = file.find(name);
  if (!index) return {};
  std::vector<float> values(file.tensors()[*index].elements);
  file.read_f32(*index, values);
  return values;
}

PredictedSet set_of(const std::string& name, const Json& json, const PredictionTable& table) {
  PredictedSet set{.name = name, .path = json.at("path"), .in_all = json.at("in_all")};
  for (const Json& one : json.at("rows")) {
    PredictedRow row{.row = one.at("row"),
                     .where = one.at("where"),
                     .id = one.value("id", ""),
                     .text = one.at("text"),
                     .text_pair = one.value("text_pair", ""),
                     .hash = one.at("hash"),
                     .tokens = one.at("tokens"),
                     .windows = one.value("windows", std::int64_t{1}),
                     .cut_tokens = one.value("cut_tokens", std::int64_t{0})};
    for (const char* key : {"answer", "answers", "score", "exact", "f1", "rank"})
      if (one.contains(key)) row.more[key] = one.at(key);
    const std::int64_t positions =
        table.form.outcome == Outcome::tags ? one.at("words").get<std::int64_t>() : 1;
    std::int64_t end = 0;
    if (positions < 0 || __builtin_add_overflow(set.begins.back(), positions, &end))
      throw Error(fmt::format("a row of set \"{}\" has an impossible number of words", name));
    set.begins.push_back(end);
    set.rows.push_back(std::move(row));
  }
  return set;
}

// Throws Error for numbers that would be read beyond what is there.
void require_whole(const PredictionTable& table, const PredictedSet& set, const std::string& where) {
  const auto positions = static_cast<std::size_t>(set.begins.back()),
             width = static_cast<std::size_t>(table.form.width);
  const bool has_truth = table.form.outcome != Outcome::answers && table.form.outcome != Outcome::partners;
  // Products of numbers from a file may be beyond what a size holds.
  const auto is_matrix = [&](std::size_t numbers, std::size_t columns) {
    return positions == 0 ? numbers == 0 : numbers % positions == 0 && numbers / positions == columns;
  };
  const bool is_id = table.form.outcome == Outcome::classes || table.form.outcome == Outcome::tags ||
                     table.form.outcome == Outcome::choices;
  bool fits = is_matrix(set.logits.size(), width) &&
              (has_truth ? is_matrix(set.truth.size(), static_cast<std::size_t>(table.truth_width()))
                         : set.truth.empty());
  for (const float id : set.truth) fits = fits && (!is_id || (id >= 0 && id < static_cast<float>(width)));
  for (const float logit : set.logits) fits = fits && std::isfinite(logit);
  if (fits) return;
  throw Error(
      fmt::format("{}: does not belong to {} beside it (set \"{}\"); write both again with an evaluation",
                  where, kPredictionsFile, set.name));
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

PredictionTable read_predictions(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kPredictionsFile, tensors = folder / kPredictedTensorsFile;
  if (!has_predictions(folder)) {
    throw Error(
        fmt::format("{}: has no {}; a training and an evaluation with `output` write it, unless "
                    "`max_prediction_rows` is 0",
                    folder.string(), kPredictionsFile));
  }
  const Json json = parse_json(read_file(path), path.string());
  const checkpoint::SafetensorsFile file(tensors);
  try {
    if (json.at("format") != kFormat)
      throw Error(fmt::format("{}: is of another version of Bertune", path.string()));
    PredictionTable table{.task = json.at("task")};
    const auto outcome = tasks::kOutcomes.find(json.at("outcome").get<std::string>());
    if (!outcome) throw Error(fmt::format("{}: has results of an unknown kind", path.string()));
    table.form = {.outcome = *outcome,
                  .labels = json.at("labels"),
                  .width = json.at("width"),
                  .scheme = json.value("scheme", ""),
                  .threshold = json.value("threshold", 0.5),
                  .temperature = json.value("temperature", 1.0),
                  .folded_by = json.value("folded_by", 1.0),
                  .unit = json.at("unit")};
    const bool named =
        *outcome == Outcome::classes || *outcome == Outcome::labels || *outcome == Outcome::tags;
    if (table.form.width < 1 || (named && std::ssize(table.form.labels) != table.form.width))
      throw Error(fmt::format("{}: its labels are not as many as its logits", path.string()));
    if (!(table.form.temperature > 0 && std::isfinite(table.form.temperature) &&
          std::isfinite(table.form.threshold)))
      throw Error(fmt::format("{}: its temperature or threshold is no number that can be", path.string()));
    for (const auto& [name, set_json] : json.at("sets").items()) {
      PredictedSet set = set_of(name, set_json, table);
      set.logits = read_tensor(file, name + ".logits"), set.truth = read_tensor(file, name + ".truth");
      require_whole(table, set, tensors.string());
      table.sets.push_back(std::move(set));
    }
    return table;
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: is damaged: {}", path.string(), message_of(error)));
  }
}

}  // namespace bertune::insight
