// The options of bertune train.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/fine_tuning_options.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "data/splits/split.h"
#include "runs/train_options.h"
#include "train/arguments.h"

namespace bertune::cli {

struct TrainOptions {
  std::filesystem::path model, base, train, validation, test;  // base: of a model that is an adapter
  HubFlags hub;
  DataOptions data;
  train::TrainingArguments arguments;
  std::string task;  // empty: guessed
  std::string problem_type;
  QuestionAnsweringOptions question_answering;
  bool label_all_tokens = false;        // token classification
  std::string pooling, embedding_loss;  // sentence embeddings; empty: by the model and the data
  std::optional<double> warmup_steps;   // below 1: a ratio, as in Transformers 5
  FineTuningOptions fine_tuning;
  std::string optim_args, lr_scheduler_kwargs;
  std::string eval_strategy;  // Transformers' no, steps or epoch
  std::optional<std::int64_t> max_length;
  double validation_split = 0.1;
  std::optional<std::int64_t> folds;
  data::Fold fold;  // set as one after another is trained
  std::string fold_column;
  bool keep_folds = false;
  std::int64_t max_train_rows = -1, max_validation_rows = -1, max_test_rows = -1;
  std::optional<double> hidden_dropout, attention_dropout, classifier_dropout;
  ThreadOptions threads;
  bool ignore_mismatched_sizes = false, overwrite = false, json = false, quiet = false;
  bool profile = false;
  bool regression = false;
  std::optional<std::string> resume_from;  // Transformers' spelling of --resume
  std::vector<std::string>
      ignored;  // flags of the Transformers scripts that were given and mean nothing here

  CLI::App* declared_on = nullptr;

  // Declares everything on `command`. The object must outlive it. `tasks`: the names that --task takes.
  void add_to(CLI::App& command, const std::string& tasks);
  // Only what any run has: optimization, checkpoints, output.
  void add_run_to(CLI::App& command);
  // Makes `model` a folder, downloaded if need be, and finds its base. A new adapter will name the model as
  // it was given.
  void find_model();
  std::string model_to_repeat;  // the model as it was given, a name with the commit that it now means
  // What follows from several options together; throws UsageError.
  void settle();
  // What a run is asked for. Its settings_text makes the file with which this command repeats it.
  runs::TrainOptions values() const;

 private:
  void settle_evaluation();
};

}  // namespace bertune::cli
