// Pre-training on plain text: masked words and next sentences, from a checkpoint or from scratch.
#pragma once

#include <filesystem>
#include <vector>

#include "bertune/model.h"
#include "data/documents/documents.h"
#include "runs/train_options.h"
#include "runs/training_run.h"
#include "tasks/language_modelling/pretraining.h"
#include "train/observer.h"

namespace bertune::runs {

struct PretrainOptions {
  TrainOptions run;                                      // its files are not looked at, but for max_length
  std::vector<std::filesystem::path> train, validation;  // of text; patterns are those that they fit
  // The folder for the tokenized text, which other runs may use too. Empty: much text is kept in
  // OUTPUT/text-cache while the run lasts, and little text in memory.
  std::filesystem::path text_cache = {};
  std::filesystem::path config;      // config.json with the sizes of a new model; empty: run.model continues
  std::filesystem::path vocabulary;  // the folder with the tokenizer of a new model
  Initialization initialization = Initialization::normal;  // of a new model
  data::DocumentOptions documents;
  tasks::PretrainingOptions rows;  // the objective and how words are masked; length and seed are the run's

  bool from_nothing() const { return !config.empty(); }
};

inline constexpr const char* kTextCache = "text-cache";

// Throws UsageError unless there is either a model to continue from, or a configuration and a vocabulary.
void require_beginning(const PretrainOptions& options);

// A training run (runs/training_run.h) on text.
FinishedRun pretrain(const PretrainOptions& options, train::Observer& observer);

}  // namespace bertune::runs
