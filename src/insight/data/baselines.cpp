#include "insight/data/baselines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "bertune/metrics.h"
#include "core/file.h"
#include "insight/data/task_baselines.h"
#include "insight/results/outcomes.h"
#include "insight/results/statistics.h"
#include "tasks/corrections.h"

namespace bertune::insight {

Baselines measure_baselines(const runs::TrainOptions& options, const tasks::TaskEntry& task) {
  Baselines result;
  tasks::TrainingFiles files = options.files;
  tasks::require_corrections_fit(files, task.architecture);
  if (!files.test.empty()) files.validation_split = 0;  // the methods choose nothing on held-out rows
  switch (task.architecture) {
    case Architecture::sequence_classification:
      result = text_baselines(files);
      break;
    case Architecture::token_classification:
      result = tag_baselines(files, task);
      break;
    case Architecture::question_answering:
      result = answer_baselines(files, task);
      break;
    case Architecture::multiple_choice:
      result = choice_baselines(files, task);
      break;
    default:
      result = similarity_baselines(files, task);
  }
  result.task = task.name;
  for (Baseline& one : result.baselines) {
    const auto found = std::ranges::find(one.values, result.metric, &std::pair<std::string, double>::first);
    if (found != one.values.end()) one.score = found->second;
  }
  return result;
}

std::optional<BesideModel> beside(const Baselines& baselines, double score,
                                  const std::vector<double>& model_rows) {
  if (baselines.baselines.empty()) return std::nullopt;
  BesideModel model;
  model.score = score;
  const double sign = greater_is_better(baselines.metric) ? 1 : -1;
  for (std::size_t i = 1; i < baselines.baselines.size(); ++i)
    if (sign * baselines.baselines[i].score > sign * baselines.baselines[model.best].score) model.best = i;
  const Baseline& best = baselines.baselines[model.best];
  if (!best.rows.empty() && best.rows.size() == model_rows.size())
    model.difference = paired_difference(model_rows, best.rows);
  return model;
}

std::optional<BesideModel> beside(const Baselines& baselines, const std::filesystem::path& folder,
                                  const Json& results) {
  const Json score = results.value("test_" + baselines.metric, Json());
  if (!score.is_number()) return std::nullopt;
  std::vector<double> rows;
  if (has_predictions(folder)) {
    const PredictionTable table = read_predictions(folder);
    if (const PredictedSet* set = table.find("test"); set != nullptr) rows = values_of_rows(table, *set);
  }
  return beside(baselines, score.get<double>(), rows);
}

std::optional<BesideModel> write_beside(const std::filesystem::path& folder, const Baselines& baselines,
                                        const Json& results) {
  std::optional<BesideModel> model = beside(baselines, folder, results);
  write_file_atomically(folder / "baselines.json", dump_json(to_json(baselines, model), 4));
  return model;
}

std::string method_name(const std::string& id) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMethods = {{
      {"majority", "The most frequent label"},
      {"mean", "The mean of the training rows"},
      {"tfidf_linear", "TF-IDF with a linear model"},
      {"tfidf_ridge", "TF-IDF with ridge regression"},
      {"tfidf_cosine", "TF-IDF with cosines"},
      {"most_frequent_tag", "The most frequent tag of each word"},
      {"word_overlap", "Most words in common with the question"},
  }};
  for (const auto& [known, words] : kMethods)
    if (known == id) return std::string(words);
  return id;
}

Json to_json(const Baselines& baselines, const std::optional<BesideModel>& model) {
  const double scale = baselines.task == "question-answering" ? 0.01 : 1;
  Json json = {{"task", baselines.task},     {"set", baselines.set},
               {"metric", baselines.metric}, {"train_rows", baselines.train_rows},
               {"rows", baselines.rows},     {"baselines", Json::array()}};
  for (const Baseline& one : baselines.baselines) {
    Json values = Json::object();
    for (const auto& [name, value] : one.values)
      values[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
    json["baselines"].push_back({{"id", one.name},
                                 {"name", method_name(one.name)},
                                 {"metric", baselines.metric},
                                 {"value", scale * one.score},
                                 {"values", values},
                                 {"seconds", one.seconds}});
  }
  if (!model) return json;
  json["model"] = {{"value", scale * model->score},
                   {"best_baseline", method_name(baselines.baselines[model->best].name)}};
  if (model->difference) {
    json["model"]["difference"] = model->difference->difference;
    json["model"]["low"] = model->difference->low, json["model"]["high"] = model->difference->high;
  }
  return json;
}

}  // namespace bertune::insight

namespace bertune {

PairedDifference paired_difference(const std::vector<double>& model, const std::vector<double>& baseline,
                                   std::uint64_t seed) {
  if (model.empty() || baseline.size() != model.size())
    throw UsageError(fmt::format("paired_difference: {} rows and {}", model.size(), baseline.size()));
  const auto mean_of = [](const std::vector<double>& rows) {
    return insight::Contributions{
        .values = rows, .metric = [count = static_cast<double>(rows.size())](std::span<const double> sums) {
          return sums[0] / count;
        }};
  };
  const insight::Estimate found =
      insight::paired_bootstrap(mean_of(baseline), mean_of(model), {.seed = seed});
  return {found.value, found.interval.low, found.interval.high};
}

}  // namespace bertune
