// A training run, whatever is trained: the output folder, the loop under a person's eyes, what is left of it.
#pragma once

#include <string_view>

#include "bertune/model.h"
#include "bertune/tokenizer.h"
#include "cli/commands/task_commands.h"
#include "cli/options/train_options.h"
#include "train/trainer.h"

namespace bertune::cli {

// An earlier result is not overwritten by a slip, nor is a folder of something else.
void prepare_output(const TrainOptions& options);

LoadOptions load_options(const TrainOptions& options, const tasks::Task& task);

// OUTPUT/run.yaml, with which the run can be repeated; not that of an interrupted run, which may yet be
// another one.
void write_run_config(const TrainOptions& options, const tasks::TrainingData& data);

// The folder of a trained model, its adapter merged if that is asked for; returns what bertune.json keeps.
Json save_trained_model(const std::filesystem::path& folder, const TrainOptions& options,
                        const tasks::TrainingData& data, const BertTokenizer& tokenizer,
                        BertPreTrainedModel& model);

// What the options say of the model's parameters (train/fine_tuning.h); before a Trainer is made of it.
void set_up_fine_tuning(const TrainOptions& options, const tasks::TrainingData& data,
                        BertPreTrainedModel& model);

// Throws Error where the disk has no room for the checkpoints of the run.
void require_disk(const TrainOptions& options, const BertPreTrainedModel& model,
                  const train::Trainer& trainer);

// Trains, saves model, results and log, tests, and prints. `try_it`: that of task_commands.h.
void run_training(const TrainOptions& options, const BertTokenizer& tokenizer, BertPreTrainedModel& model,
                  tasks::TrainingData& data, std::string_view try_it);

}  // namespace bertune::cli
