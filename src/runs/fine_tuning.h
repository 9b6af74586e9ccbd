// Fine-tuning a checkpoint on files of labeled rows.
#pragma once

#include <filesystem>

#include "bertune/config.h"
#include "bertune/model.h"
#include "bertune/tokenizer.h"
#include "runs/train_options.h"
#include "runs/training_run.h"
#include "tasks/registry/guess.h"
#include "tasks/training_data.h"
#include "train/observer.h"

namespace bertune::runs {

// The task that options.task names, without a reason, or detected from the training file. Throws UsageError,
// naming the choices.
tasks::TaskGuess task_of(const TrainOptions& options);

// Says which task was detected, and from what; nothing of one that was given.
std::string detection_note(const TrainOptions& options, const tasks::TaskGuess& guess);

// The tokenizer and the configuration of the model to train. Throws Error where tokenizer and model do not
// belong together.
struct BaseModel {
  BertTokenizer tokenizer;
  BertConfig config;
};
BaseModel open_base_model(const TrainOptions& options);

// Reads options.files for the task.
tasks::TrainingData read_training(const TrainOptions& options, const BaseModel& base,
                                  const tasks::TaskEntry& task, train::Observer& observer);

// The model with the head of the task, its weights those of the checkpoint where that has them.
BertPreTrainedModel new_model(const TrainOptions& options, const tasks::Task& task);

// Writes plan.json and data_check.json: what a report says of the run beside its results.
void write_for_report(const std::filesystem::path& output, const FinishedRun& run,
                      const tasks::TrainingData& data);

// A training run (runs/training_run.h) on data that were read for options.files, which took `reading`
// seconds.
FinishedRun fine_tune_on(tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base,
                         train::Observer& observer, double reading = 0);

// A training run on options.files.
FinishedRun fine_tune(const TrainOptions& options, const BaseModel& base, const tasks::TaskEntry& task,
                      train::Observer& observer);

}  // namespace bertune::runs
