// The options of a training run, as values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "bertune/model.h"
#include "bertune/trainer.h"
#include "core/json.h"
#include "tasks/task.h"
#include "tasks/training_files.h"
#include "train/arguments.h"

namespace bertune::runs {

enum class KeptModels { best, all };  // of several runs

struct TrainOptions {
  std::filesystem::path model, base;  // folders; base: of a model that is an adapter
  std::string task = {};              // as tasks/registry names them; empty: detected from files.train
  tasks::TrainingFiles files = {};    // their seed is split_seed, or the run's
  train::TrainingArguments arguments;
  Method method = Method::fine_tune;
  std::optional<double> hidden_dropout, attention_dropout, classifier_dropout;  // instead of the checkpoint's
  bool ignore_mismatched_sizes = false;  // a new head where the checkpoint's has another number of labels
  bool overwrite = false;                // what the output folder holds of an earlier run
  std::optional<std::int64_t> folds;     // cross-validation: this many models
  std::int64_t max_prediction_rows = 100'000;  // that predictions.json keeps of each set; 0: there is none
  bool keep_folds = false;                     // the models of cross-validation
  std::optional<std::int64_t> seeds;           // this many runs, of arguments.seed and those after it
  KeptModels keep = KeptModels::best;          // of these runs
  bool is_search = false;                      // for settings: trials are in the output folder (runs/tuning)
  Json retries = Json::array();                // what became of earlier attempts, for the log of the run

  std::stop_token stop = {};  // asked between steps; a checkpoint is saved first

  // Makes the text of OUTPUT/run.yaml of what the run made of settings that were left to it, under the names
  // of their options with _; unset: there is none.
  std::function<std::string(const Json& resolved)> settings_text = {};

  bool is_cross_validation() const { return folds.has_value() || !files.fold_column.empty(); }
};

// Throws UsageError for values that cannot be, naming the option and the range; of `arguments` too.
void validate(const TrainOptions& options);

// Sets the probabilities of dropout that the options ask for.
void set_dropout(LoadOptions& load, const TrainOptions& options);
// Returns the options for loading the model that is to be trained, with the head of the task.
LoadOptions load_options(const TrainOptions& options, const tasks::Task& task);

}  // namespace bertune::runs
