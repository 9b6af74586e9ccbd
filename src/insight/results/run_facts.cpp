#include "insight/results/run_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "bertune/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "insight/results/long_text_file.h"
#include "insight/results/result_facts.h"
#include "insight/results/run_noise.h"
#include "insight/results/seed_group.h"
#include "insight/results/shown_files.h"
#include "insight/results/statistics.h"
#include "insight/results/suspicious_facts.h"
#include "insight/results/tuning_file.h"
#include "tasks/trained_settings.h"

namespace bertune::insight {
namespace {

namespace fs = std::filesystem;

Json json_in(const fs::path& path) {
  if (!path_exists(path)) return Json();
  Json json = parse_json(read_file(path), path.string());
  return json.is_object() ? json : Json();
}

// Reads a file of the folder by `use`; a member that is not as it was written is an Error of that file.
template <typename Use>
void read_from(const fs::path& file, const Use& use) try {
  use();
} catch (const Json::exception&) {
  throw Error(fmt::format("{}: is damaged: a value is of another kind than was written", file.string()));
}

double number_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? found->get<double>() : std::nan("");
}

void add_number(OrderedJson& to, const char* name, const Json& from, const char* key) {
  if (const double value = number_of(from, key); std::isfinite(value)) to[name] = value;
}

void add_run(const Json& results, const Json& state, OrderedJson& facts) {
  OrderedJson run = OrderedJson::object();
  for (const auto& [name, key] : {std::pair{"epochs", "epoch"},
                                  {"seconds", "train_runtime"},
                                  {"tokens_per_second", "train_tokens_per_second"},
                                  {"peak_mib", "train_peak_rss_mib"},
                                  {"train_rows", "train_samples"},
                                  {"train_loss", "train_loss"}})
    add_number(run, name, results, key);
  for (const auto& [name, key] :
       {std::pair{"steps", "global_step"}, {"best_step", "best_global_step"}, {"best_value", "best_metric"}})
    add_number(run, name, state, key);
  if (!run.empty()) facts["run"] = std::move(run);
}

// At most kMostPoints of them, each the mean of neighbors.
OrderedJson thinned(const std::vector<std::pair<double, double>>& points) {
  constexpr std::size_t kMostPoints = 200;
  const std::size_t together = points.size() / kMostPoints + 1;
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = 0; i < points.size(); i += together) {
    const std::size_t end = std::min(i + together, points.size());
    double sum = 0;
    for (std::size_t j = i; j < end; ++j) sum += points[j].second;
    list.push_back({points[end - 1].first, sum / static_cast<double>(end - i)});
  }
  return list;
}

void add_curves(const Json& state, const std::string& metric, OrderedJson& facts) {
  const Json history = state.value("log_history", Json::array());
  std::vector<std::pair<double, double>> losses;
  OrderedJson evaluations = OrderedJson::array();
  const std::string key = "eval_" + metric;
  for (const Json& row : history) {
    const double epoch = number_of(row, "epoch"), loss = number_of(row, "loss");
    if (std::isfinite(epoch) && std::isfinite(loss)) losses.emplace_back(epoch, loss);
    const double value = number_of(row, key.c_str()), eval_loss = number_of(row, "eval_loss");
    if (std::isfinite(epoch) && std::isfinite(value) && std::isfinite(eval_loss))
      evaluations.push_back({epoch, value, eval_loss});
  }
  if (losses.empty() && evaluations.empty()) return;
  facts["curves"] = {{"metric", metric}, {"loss", thinned(losses)}, {"evaluations", std::move(evaluations)}};
}

// A hash of all rows of a set: the same where the same rows were tested.
std::string hash_of(const PredictedSet& set) {
  std::uint64_t hash = 0;
  for (const PredictedRow& row : set.rows) hash = hash * 0x9E3779B97F4A7C15ULL + quick_hash(row.hash);
  return fmt::format("{:016x}", hash);
}

void add_files(const fs::path& folder, const PredictionTable& table, OrderedJson& facts) {
  OrderedJson files = OrderedJson::array();
  for (const PredictedSet& set : table.sets)
    files.push_back({{"set", set.name}, {"path", set.path}, {"rows", set.in_all}, {"hash", hash_of(set)}});
  facts["files"] = std::move(files);
  for (const char* name : {"model.safetensors", "adapter_model.safetensors"}) {
    if (!path_exists(folder / name)) continue;
    facts["weights_hash"] = fmt::format("{:016x}", quick_hash(MappedFile(folder / name).text()));
  }
}

// Adds what simple methods reach on the same rows, as baselines.json says it: {"metric", "rows", "baselines":
// [{"name", "score", "values": {metric: value}}], "model": {"best_baseline", "difference", "low", "high"}}.
// Metrics of answers are in percent there, as in the result files.
void add_baselines(const fs::path& folder, OrderedJson& facts) {
  const Json file = json_in(folder / "baselines.json");
  const OrderedJson& headline = facts.at("headline");
  if (file.is_null()) return;
  const std::string metric = headline.at("metric");
  const bool is_main = file.value("metric", "") == metric;
  const double unit = facts.at("outcome") == "answers" ? 0.01 : 1;
  OrderedJson list = OrderedJson::array();
  for (const Json& one : file.value("baselines", Json::array())) {
    const Json values = one.value("values", Json::object());
    const double found = values.contains(metric) ? number_of(values, metric.c_str())
                         : is_main               ? number_of(one, "score")
                                                 : std::nan("");
    if (!std::isfinite(found)) continue;
    const double score = unit * found;
    OrderedJson baseline = {{"name", one.value("name", "")}, {"value", score}};
    const double rows = number_of(file, "rows");
    if (headline.contains("right") && rows > 0) {
      const Interval bounds = wilson(std::llround(score * rows), std::llround(rows));
      baseline["interval"] = {bounds.low, bounds.high};
    }
    list.push_back(std::move(baseline));
  }
  if (list.empty()) return;
  facts["baselines"] = std::move(list);
  const Json model = file.value("model", Json::object());
  const double difference = number_of(model, "difference"), low = number_of(model, "low"),
               high = number_of(model, "high");
  if (!is_main || !std::isfinite(difference + low + high)) return;
  facts["baseline_difference"] = {{"best", model.value("best_baseline", "")},
                                  {"value", unit * difference},
                                  {"interval", {unit * low, unit * high}}};
}

// Adds what others have left beside the predictions: the plan of the run, and findings about the data.
void add_neighbors(const fs::path& folder, OrderedJson& facts) {
  if (const Json plan = json_in(folder / "plan.json"); !plan.is_null()) {
    OrderedJson& kept = facts["plan"] = OrderedJson::object();
    add_number(kept, "steps", plan, "total_steps");
    add_number(kept, "seconds", plan, "seconds");
    constexpr double kMib = 1 << 20;
    if (const double bytes = number_of(plan, "memory_bytes"); std::isfinite(bytes))
      kept["peak_mib"] = bytes / kMib;
  }
  const Json check = json_in(folder / "data_check.json");
  if (!check.contains("findings")) return;
  OrderedJson& findings = facts["findings"] = OrderedJson::array();
  for (const Json& one : check.at("findings"))
    if (one.is_object() && one.value("text", Json()).is_string()) findings.push_back(OrderedJson(one));
}

// Adds what the run found when it compared ways to read long texts.
void add_long_text(const fs::path& file, OrderedJson& facts) {
  const Json found = json_in(file);
  if (!found.contains("values")) return;
  OrderedJson values = OrderedJson::object();
  for (const auto& [way, value] : found.at("values").items()) values[way] = value.get<double>();
  facts["long_text"] = {{"chosen", found.at("chosen").get<std::string>()},
                        {"measure", found.at("measure").get<std::string>()},
                        {"compared", found.at("compared").get<std::int64_t>()},
                        {"values", std::move(values)}};
}

// Adds what runs with other seeds reached, as seeds.json says it.
void add_seeds(const fs::path& folder, OrderedJson& facts) {
  const std::optional<SeedGroup> group = read_seed_group(folder);
  if (!group) return;
  const Json& file = group->results;
  OrderedJson metrics = OrderedJson::array(), runs = OrderedJson::array();
  for (const auto& [name, mean] : file.at("mean").items()) {
    OrderedJson metric = {{"name", name}};
    for (const char* part : {"mean", "std", "min", "max"})
      add_number(metric, part, file.at(part), name.c_str());
    if (metric.contains("mean")) metrics.push_back(std::move(metric));
  }
  const std::string chosen_by = file.at("chosen_by").is_string() ? file.at("chosen_by") : Json("");
  for (const Json& one : file.at("seed_results")) {
    OrderedJson run = {{"seed", one.at("seed")}};
    for (const auto& [name, value] : one.at("metrics").items())
      add_number(run, name.c_str(), one.at("metrics"), name.c_str());
    runs.push_back(std::move(run));
  }
  facts["seeds"] = {{"count", group->seeds.size()},
                    {"best", file.at("best")},
                    {"chosen_by", chosen_by},
                    {"metrics", std::move(metrics)},
                    {"runs", std::move(runs)}};
}

// Adds the trials of a search that has finished, as tuning.json says it.
void add_tuning(const fs::path& folder, OrderedJson& facts) {
  const Json file = json_in(folder / kTuningFile);
  if (!file.is_object() || file.at("finished") != true) return;
  OrderedJson trials = OrderedJson::array();
  for (const Json& one : file.at("trials")) {
    OrderedJson trial = {{"number", one.at("number")}, {"settings", OrderedJson(one.at("settings"))}};
    for (const char* key : {"steps", "total_steps", "score", "seconds"}) add_number(trial, key, one, key);
    trial["outcome"] = one.at("outcome").get<std::string>();
    if (one.contains("why")) trial["why"] = one.at("why").get<std::string>();
    if (one.contains("difference")) {
      add_number(trial, "difference", one.at("difference"), "value");
      add_number(trial, "standard_error", one.at("difference"), "standard_error");
    }
    trials.push_back(std::move(trial));
  }
  OrderedJson& tuning = facts["tuning"] = {{"metric", file.at("metric").get<std::string>()},
                                           {"greater_is_better", file.at("greater_is_better").get<bool>()},
                                           {"winner", file.at("winner").get<std::int64_t>()},
                                           {"why", file.at("why").get<std::string>()}};
  add_number(tuning, "seconds", file, "seconds");
  tuning["trials"] = std::move(trials);
}

// Adds how results grow with the rows to learn from, as curve.json says it.
void add_learning_curve(const fs::path& file, OrderedJson& facts) {
  const Json found = json_in(file);
  if (!found.is_object()) return;
  OrderedJson points = OrderedJson::array();
  for (const Json& one : found.at("points")) {
    OrderedJson& point = points.emplace_back(OrderedJson::object());
    for (const char* key : {"rows", "score", "low", "high"}) point[key] = one.at(key).get<double>();
  }
  OrderedJson fit = OrderedJson::object(), twice = OrderedJson::object();
  for (const char* key : {"a", "b", "c"}) fit[key] = found.at("fit").at(key).get<double>();
  for (const char* key : {"rows", "score", "gain", "low", "high"})
    twice[key] = found.at("twice").at(key).get<double>();
  twice["holds"] = found.at("twice").at("holds").get<bool>();
  facts["learning_curve"] = {{"metric", found.at("metric").get<std::string>()},
                             {"trained", found.at("trained").get<bool>()},
                             {"measured_rows", found.at("measured_rows").get<std::int64_t>()},
                             {"points", std::move(points)},
                             {"fit", std::move(fit)},
                             {"twice", std::move(twice)}};
}

// Adds what should be labeled next, as suggestions.json says it.
void add_suggestions(const fs::path& file, OrderedJson& facts) {
  const Json found = json_in(file);
  if (!found.is_object()) return;
  OrderedJson rows = OrderedJson::array();
  for (const Json& one : found.at("rows")) {
    OrderedJson& row = rows.emplace_back(OrderedJson::object());
    for (const char* key : {"where", "text"}) row[key] = one.at(key).get<std::string>();
    if (one.contains("text_pair")) row["text_pair"] = one.at("text_pair").get<std::string>();
    if (!one.contains("margin")) continue;
    row["predicted"] = one.at("predicted").get<std::vector<std::string>>();
    row["score"] = one.at("score").get<double>();
  }
  facts["suggestions"] = {{"file", found.at("file").get<std::string>()},
                          {"by_margin", found.at("by_margin").get<bool>()},
                          {"rows_read", found.at("rows_read").get<std::int64_t>()},
                          {"suggested", found.at("suggested").get<std::int64_t>()},
                          {"shown", rows.size()},
                          {"rows", std::move(rows)}};
}

// The metric of the curves, by its name in the log. Answers have F1 in both versions of SQuAD's metrics.
std::string logged_metric(const PredictionTable& table, const std::string& headline) {
  return table.form.outcome == tasks::Outcome::answers ? "f1" : headline;
}

std::string name_of(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(folder, error);
  return (error ? folder : whole).filename().string();
}

// Returns the command that the head of run.yaml names, for this run.
std::string command_in(const std::string& yaml, const std::string& run) {
  constexpr std::string_view kBefore = "#   ", kFile = "FILE", kFolder = "ANOTHER-FOLDER";
  const std::size_t begin = yaml.find("\n" + std::string(kBefore) + "bertune ");
  if (begin == yaml.npos) return "";
  std::string command = yaml.substr(begin + 1 + kBefore.size());
  command.resize(std::min(command.size(), command.find('\n')));
  for (const auto& [place, text] :
       {std::pair(kFile, run + "/run.yaml"), std::pair(kFolder, run + "-again")}) {
    const std::size_t at = command.find(place);
    if (at != command.npos) command.replace(at, place.size(), text);
  }
  return command;
}

}  // namespace

OrderedJson run_facts(const fs::path& folder) try {
  const PredictionTable table = read_predictions(folder);
  const Json settings = json_in(folder / "bertune.json"), state = json_in(folder / "trainer_state.json");
  const PredictedSet* set = table.find("test");
  if (set == nullptr) set = table.find("validation");
  if (set == nullptr || set->rows.empty())
    throw Error(fmt::format("{}: has no predictions of test or validation rows", folder.string()));
  OrderedJson facts = {
      {"format", 1},
      {"name", name_of(folder)},
      {"task", table.task},
      {"outcome", tasks::kOutcomes.of(table.form.outcome)},
      {"unit", table.form.unit},
      {"labels", table.form.labels.size()},
      {"version", tasks::setting(settings, tasks::keys::kBertuneVersion, std::string(BERTUNE_VERSION))}};
  const double temperature = temperature_left(settings, table);
  add_result_facts(table, *set, temperature, facts);
  add_suspicious(table, temperature, facts);
  read_from(folder / "baselines.json", [&] { add_baselines(folder, facts); });
  read_from(folder / "data_check.json", [&] { add_neighbors(folder, facts); });
  read_from(folder / kLongTextFile, [&] { add_long_text(folder / kLongTextFile, facts); });
  read_from(folder / kSeedsFile, [&] { add_seeds(folder, facts); });
  read_from(folder / kTuningFile, [&] { add_tuning(folder, facts); });
  read_from(folder / kCurveFile, [&] { add_learning_curve(folder / kCurveFile, facts); });
  read_from(folder / kSuggestionsFile, [&] { add_suggestions(folder / kSuggestionsFile, facts); });
  add_run(json_in(folder / "all_results.json"), state, facts);
  if (!state.is_null()) {
    read_from(folder / "trainer_state.json",
              [&] { add_curves(state, logged_metric(table, facts.at("headline").at("metric")), facts); });
  }
  add_files(folder, table, facts);
  if (path_exists(folder / "run.yaml")) {
    const std::string yaml = read_file(folder / "run.yaml", 1 << 20);
    if (const std::string command = command_in(yaml, name_of(folder)); !command.empty())
      facts["command"] = command;
    facts["settings"] = yaml;
  }
  return facts;
} catch (const Json::exception&) {
  throw Error(fmt::format("{}: bertune.json is damaged: a value is of another kind than was written",
                          folder.string()));
}

}  // namespace bertune::insight
