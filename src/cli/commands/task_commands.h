// The tasks on the command line: how each makes examples of files, and lines of predictions.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/evaluate_command.h"
#include "cli/commands/predict_command.h"
#include "cli/options/train_options.h"
#include "data/splits/split.h"
#include "tasks/training_data.h"
#include "train/model_folder.h"

namespace bertune::cli {

using tasks::TestData, tasks::TestLine, tasks::TrainingData;

struct TaskCommands {
  std::string_view name;  // as --task takes it
  Architecture architecture;
  std::string_view try_it;  // a shell command, "{}" being the model folder
  // Prints what it found in the data, unless options.json or options.quiet.
  TrainingData (*prepare)(const TrainOptions& options, const BertTokenizer& tokenizer,
                          const BertConfig& config);
  TestData (*read_test)(const train::ModelFolder& folder, const EvaluateOptions& options);
  void (*predict)(train::ModelFolder& folder, const PredictOptions& options);
};

std::span<const TaskCommands* const> all_tasks();
// Throws UsageError, naming the choices.
const TaskCommands& task_named(std::string_view name);
// Of a trained model. Throws Error for heads that predict nothing by themselves (pre-training).
const TaskCommands& task_of(const train::ModelFolder& folder, const std::filesystem::path& directory);
// By what the file looks like: CoNLL, questions with choices or with contexts; else texts with labels.
const TaskCommands& guess_task(const std::filesystem::path& train);

// Holds out a share of the training set where no validation set was given, and says so in a note; false where
// nothing was. A fold of cross-validation becomes the test set instead. `Sets` has train, validation, test,
// held_out and notes; `choose` is that of the task (data/splits/split.h, data/checks/sets.h).
template <typename Sets, typename Choose>
bool hold_out_validation(const TrainOptions& options, Sets& sets, const Choose& choose, std::string_view what,
                         std::string_view how = "") {
  const bool is_fold = options.fold.count > 0;
  if (!is_fold && (!options.validation.empty() || options.validation_split <= 0)) return false;
  data::Split chosen = choose(sets.train, options.validation_split, options.arguments.seed, options.fold);
  if (chosen.validation.empty()) return false;
  if (!is_fold) {
    sets.notes.push_back(fmt::format(
        "no --validation: {} of the {} training {} are held out{} (--validation-split {} --seed {})",
        chosen.validation.size(), sets.train.size(), what, how, options.validation_split,
        options.arguments.seed));
  }
  sets.notes.insert(sets.notes.end(), chosen.notes.begin(), chosen.notes.end());
  (is_fold ? sets.test : sets.validation) = subset(sets.train, chosen.validation);
  sets.held_out = std::move(chosen.validation);
  auto rest = subset(sets.train, chosen.train);
  rest.notes = std::move(sets.train.notes);
  sets.train = std::move(rest);
  return true;
}

extern const TaskCommands kTextClassification, kTokenClassification, kQuestionAnswering, kMultipleChoice,
    kSentenceEmbedding;

}  // namespace bertune::cli
