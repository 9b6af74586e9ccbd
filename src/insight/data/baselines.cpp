#include "insight/data/baselines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "core/random.h"
#include "core/stopwatch.h"
#include "insight/data/task_baselines.h"
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

std::optional<BesideModel> beside(const Baselines& baselines, const Metrics& metrics,
                                  const std::vector<double>& model_rows) {
  const auto value =
      std::ranges::find(metrics.values, baselines.metric, &std::pair<std::string, double>::first);
  if (value == metrics.values.end() || baselines.baselines.empty()) return std::nullopt;
  BesideModel model;
  model.score = value->second;
  const double sign = greater_is_better(baselines.metric) ? 1 : -1;
  for (std::size_t i = 1; i < baselines.baselines.size(); ++i)
    if (sign * baselines.baselines[i].score > sign * baselines.baselines[model.best].score) model.best = i;
  const Baseline& best = baselines.baselines[model.best];
  if (!best.rows.empty() && best.rows.size() == model_rows.size())
    model.difference = paired_difference(model_rows, best.rows);
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
  constexpr std::size_t kResamples = 2000;
  constexpr std::uint32_t kStream = 0x42;
  const std::size_t rows = model.size();
  if (rows == 0 || baseline.size() != rows)
    throw UsageError(fmt::format("paired_difference: {} rows and {}", rows, baseline.size()));
  std::vector<double> differences;
  for (std::size_t i = 0; i < rows; ++i) differences.push_back(model[i] - baseline[i]);
  Random random(seed, kStream);
  std::vector<double> means;
  for (std::size_t draw = 0; draw < kResamples; ++draw) {
    double sum = 0;
    for (std::size_t i = 0; i < rows; ++i) sum += differences[random.below(rows)];
    means.push_back(sum / static_cast<double>(rows));
  }
  std::ranges::sort(means);
  const double mean =
      std::accumulate(differences.begin(), differences.end(), 0.0) / static_cast<double>(rows);
  return {mean, means[kResamples / 40], means[kResamples - 1 - kResamples / 40]};
}

}  // namespace bertune
