// A training run, whatever is trained: the loop, the finished model's folder, its metrics, and the files of
// results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "bertune/metrics.h"
#include "bertune/model.h"
#include "bertune/run_plan.h"
#include "bertune/tokenizer.h"
#include "core/json.h"
#include "runs/results.h"
#include "runs/train_options.h"
#include "tasks/training_data.h"
#include "train/observer.h"
#include "train/trainer.h"

namespace bertune::runs {

struct FinishedRun {
  train::TrainingResult training;
  Results results;                                          // as the result files have them
  std::optional<Metrics> validation_metrics, test_metrics;  // where there is such a set
  std::optional<LoraConfig> adapter;  // where the model's folder holds one, and not the whole model
  Json settings;                      // what bertune.json keeps
  std::optional<RunPlan> plan = {};   // before the first step; of pre-training there is none
};

// Applies the options for the model's parameters (train/fine_tuning.h); call it before a Trainer is made of
// the model.
void set_up_fine_tuning(const TrainOptions& options, const tasks::TrainingData& data,
                        BertPreTrainedModel& model);

// The folder of a trained model, its adapter merged if that is asked for; returns what bertune.json keeps.
Json save_trained_model(const std::filesystem::path& folder, const TrainOptions& options,
                        const tasks::TrainingData& data, const BertTokenizer& tokenizer,
                        BertPreTrainedModel& model);

// Tells of the model, and writes the file that repeats the run.
void begin_training(const TrainOptions& options, const BertPreTrainedModel& model,
                    const tasks::TrainingData& data, train::Observer& observer);
// Saves a model that is trained, tests it, and writes results and log, as run_training does.
FinishedRun finish_training(const TrainOptions& options, const BertTokenizer& tokenizer,
                            BertPreTrainedModel& model, tasks::TrainingData& data, train::Observer& observer,
                            train::TrainingResult training);

// Trains `model`, saves it, tests it, and writes results and log into options.arguments.output_dir, which
// prepare_output has made; options.arguments are settled. Throws Interrupted when the stop is asked for: a
// checkpoint is there unless TrainingEnded was observed.
FinishedRun run_training(const TrainOptions& options, const BertTokenizer& tokenizer,
                         BertPreTrainedModel& model, tasks::TrainingData& data, train::Observer& observer);

}  // namespace bertune::runs
