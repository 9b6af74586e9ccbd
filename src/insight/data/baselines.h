// The baselines of a run's files (bertune/baseline.h).
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "bertune/baseline.h"
#include "core/json.h"
#include "runs/train_options.h"
#include "tasks/registry/registry.h"

namespace bertune::insight {

// Measures those of the task on options.files, with the rows that a run with these options has.
Baselines measure_baselines(const runs::TrainOptions& options, const tasks::TaskEntry& task);

// A model beside the best baseline on the same rows.
struct BesideModel {
  std::size_t best = 0;                        // of Baselines::baselines
  double score = 0;                            // of the model, in the same metric
  std::optional<PairedDifference> difference;  // where each row's part in the metric is known
};

// `score`: the model's, in the metric of the baselines. `model_rows` [rows]: what each row adds to it, as
// Baseline::rows; empty: not known. Nothing without baselines.
std::optional<BesideModel> beside(const Baselines& baselines, double score,
                                  const std::vector<double>& model_rows);

// The same for a model's folder: `results` are the metrics of its run, with the prefix "test_", and the rows
// are those of its predictions, where it has left them.
std::optional<BesideModel> beside(const Baselines& baselines, const std::filesystem::path& folder,
                                  const Json& results);

// Writes FOLDER/baselines.json, with the model of that folder beside the methods; returns that model.
std::optional<BesideModel> write_beside(const std::filesystem::path& folder, const Baselines& baselines,
                                        const Json& results);

// Returns the name of a method for a person: "TF-IDF with a linear model".
std::string method_name(const std::string& id);

// {"task", "set", "metric", "train_rows", "rows", "baselines": [{"id", "name" (method_name), "metric",
// "value", "values", "seconds"}]}, and with a model "model": {"value", "best_baseline", "difference", "low",
// "high"}. Values are from 0 to 1 also where the metrics of questions are percentages. Reports read them.
Json to_json(const Baselines& baselines, const std::optional<BesideModel>& model = {});

}  // namespace bertune::insight
