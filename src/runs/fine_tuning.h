// Fine-tuning a checkpoint on files of labelled rows.
#pragma once

#include <functional>

#include "bertune/config.h"
#include "bertune/model.h"
#include "bertune/tokenizer.h"
#include "runs/train_options.h"
#include "runs/training_run.h"
#include "tasks/training_data.h"
#include "train/observer.h"

namespace bertune::runs {

// What the model brings along. Throws Error where tokenizer and model do not belong together.
struct BaseModel {
  BertTokenizer tokenizer;
  BertConfig config;
};
BaseModel open_base_model(const TrainOptions& options);

// How a task makes data of files.
using ReadData = std::function<tasks::TrainingData(const tasks::TrainingFiles& files,
                                                   const BertTokenizer& tokenizer, const BertConfig& config)>;

// The model with the head of the task, its weights those of the checkpoint where that has them.
BertPreTrainedModel new_model(const TrainOptions& options, const tasks::Task& task);

// A training run (runs/training_run.h) on what `read_data` makes of options.files.
FinishedRun fine_tune(const TrainOptions& options, const BaseModel& base, const ReadData& read_data,
                      train::Observer& observer);

}  // namespace bertune::runs
