// Reading predictions.json and predictions.safetensors, which anyone may have written.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/safetensors.h"
#include "core/file.h"
#include "core/model_files.h"
#include "core/printable.h"
#include "insight/results/outcomes.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;

constexpr std::int64_t kMostWhole = std::numeric_limits<std::int64_t>::max();

// The members of an object of the file. What is not as it was written is an Error that names the place.
class Members {
 public:
  Members(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) throw Error(fmt::format("{}: is damaged: not an object", where_));
  }

  bool has(const char* key) const { return json_.contains(key); }
  const Json& at(const char* key, Json::value_t type, const char* what) const {
    const auto found = json_.find(key);
    if (found == json_.end()) fail(key, "is missing");
    if (found->type() != type) fail(key, fmt::format("is not {}", what));
    return *found;
  }
  const Json& list(const char* key) const { return at(key, Json::value_t::array, "a list"); }
  std::string text(const char* key) const { return at(key, Json::value_t::string, "a text"); }
  std::string text_or(const char* key, const std::string& usual) const {
    return has(key) ? text(key) : usual;
  }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> found;
    for (const Json& one : list(key)) {
      if (!one.is_string()) fail(key, "is not a list of texts");
      found.push_back(one);
    }
    return found;
  }
  std::int64_t whole(const char* key, std::int64_t least = 0, std::int64_t most = kMostWhole) const {
    const auto found = json_.find(key);
    if (found == json_.end()) fail(key, "is missing");
    const bool fits = found->is_number_unsigned() ? found->get<std::uint64_t>() <= std::uint64_t(kMostWhole)
                                                  : found->is_number_integer();
    if (!fits || found->get<std::int64_t>() < least || found->get<std::int64_t>() > most)
      fail(key, fmt::format("is not a whole number of at least {}", least));
    return *found;
  }
  std::int64_t whole_or(const char* key, std::int64_t usual) const { return has(key) ? whole(key) : usual; }
  // A finite number from `least` to `most`.
  double number_or(const char* key, double usual, double least, double most) const {
    const auto found = json_.find(key);
    if (found == json_.end()) return usual;
    const double value = found->is_number() ? found->get<double>() : std::nan("");
    if (!(value >= least && value <= most))
      fail(key, fmt::format("is not a number from {} to {}", least, most));
    return value;
  }
  [[noreturn]] void fail(const char* key, std::string_view why) const {
    throw Error(fmt::format("{}: is damaged: \"{}\" {}", where_, key, why));
  }

 private:
  const Json& json_;
  std::string where_;
};

std::vector<float> read_tensor(const checkpoint::SafetensorsFile& file, const std::string& name) {
  const auto index = file.find(name);
  if (!index) return {};
  std::vector<float> values(file.tensors()[*index].elements);
  file.read_f32(*index, values);
  return values;
}

// Returns what rows of some tasks have besides, as tasks::ItemRecord says.
Json more_of(const Members& row, Outcome outcome) {
  Json more = Json::object();
  if (outcome == Outcome::partners) more["rank"] = row.whole("rank", 1);
  if (row.has("deciding_window")) more["deciding_window"] = row.whole("deciding_window", 0);
  if (outcome != Outcome::answers) return more;
  more = {{"answer", row.text("answer")}, {"answers", row.texts("answers")}};
  for (const char* key : {"exact", "f1"}) more[key] = row.number_or(key, 0, 0, 1);
  if (row.has("score")) more["score"] = row.number_or("score", 0, -HUGE_VAL, HUGE_VAL);
  return more;
}

PredictedSet set_of(const std::string& name, const Json& json, const PredictionTable& table,
                    const std::string& file) {
  const std::string where = fmt::format("{}: set \"{}\"", file, printable(name));
  const Members members(json, where);
  PredictedSet set{.name = name, .path = members.text("path")};
  const Json& rows = members.list("rows");
  set.in_all = members.whole("in_all", static_cast<std::int64_t>(rows.size()));
  for (const Json& one : rows) {
    const Members row(one, fmt::format("{}, row {}", where, set.rows.size() + 1));
    set.rows.push_back({.row = row.whole("row"),
                        .where = row.text("where"),
                        .id = row.text_or("id", ""),
                        .text = row.text("text"),
                        .text_pair = row.text_or("text_pair", ""),
                        .hash = row.text("hash"),
                        .tokens = row.whole("tokens"),
                        .windows = row.whole_or("windows", 1),
                        .cut_tokens = row.whole_or("cut_tokens", 0),
                        .more = more_of(row, table.form.outcome)});
    const std::int64_t positions =
        table.form.outcome == Outcome::tags ? row.whole("words", 0, kMostWhole - set.begins.back()) : 1;
    set.begins.push_back(set.begins.back() + positions);
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

tasks::RecordForm form_of(const Members& file) {
  const auto outcome = tasks::kOutcomes.find(file.text("outcome"));
  if (!outcome) file.fail("outcome", "is an unknown kind of results");
  constexpr double kLeast = 1e-30, kLargest = 1e30;
  tasks::RecordForm form{.outcome = *outcome,
                         .labels = file.texts("labels"),
                         .width = file.whole("width", 1),
                         .scheme = file.text_or("scheme", ""),
                         .threshold = file.number_or("threshold", 0.5, -kLargest, kLargest),
                         .temperature = file.number_or("temperature", 1, kLeast, kLargest),
                         .folded_by = file.number_or("folded_by", 1, kLeast, kLargest),
                         .unit = file.text("unit")};
  const bool named = *outcome == Outcome::classes || *outcome == Outcome::labels || *outcome == Outcome::tags;
  if (named && std::ssize(form.labels) != form.width)
    file.fail("labels", "are not as many as the logits of a row");
  return form;
}

// Says what to do where a folder has no predictions.
[[noreturn]] void fail_without(const fs::path& folder) {
  const bool is_others = holds_weights(folder) && !path_exists(folder / kSettingsFile);
  throw Error(fmt::format(
      "{}: has no {}; {}", folder.string(), kPredictionsFile,
      is_others
          ? "it is a model as other programs leave it. Evaluate it on labeled rows into a folder of their "
            "own (`evaluate()`), and give that folder"
          : "a training and an evaluation with `output` write it, unless `max_prediction_rows` is 0"));
}

}  // namespace

PredictionTable read_predictions(const fs::path& folder) {
  const fs::path path = folder / kPredictionsFile, tensors = folder / kPredictedTensorsFile;
  if (!has_predictions(folder)) fail_without(folder);
  const Json json = parse_json(read_file(path), path.string());
  const Members members(json, path.string());
  if (members.whole("format") != kPredictionsFormat)
    throw Error(fmt::format("{}: is of another version of Bertune", path.string()));
  const checkpoint::SafetensorsFile file(tensors);
  PredictionTable table{.task = members.text("task"), .form = form_of(members)};
  const Json& sets = members.at("sets", Json::value_t::object, "an object");
  for (const auto& [name, set_json] : sets.items()) {
    PredictedSet set = set_of(name, set_json, table, path.string());
    set.logits = read_tensor(file, name + ".logits"), set.truth = read_tensor(file, name + ".truth");
    require_whole(table, set, tensors.string());
    table.sets.push_back(std::move(set));
  }
  return table;
}

}  // namespace bertune::insight
