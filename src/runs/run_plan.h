// Plans a run from the sizes of its data and its model (bertune/run_plan.h).
#pragma once

#include "bertune/run_plan.h"
#include "runs/fine_tuning.h"
#include "runs/train_options.h"
#include "tasks/training_data.h"
#include "train/trainer.h"

namespace bertune::runs {

// Plans without computing anything. Steps are exact, and so are the bytes of gradients, optimizer state and
// activations; what is resident is as it is now. options.arguments are settled.
// `train` are the examples that are trained on.
RunPlan plan_run(const train::TrainingArguments& arguments, const BertPreTrainedModel& model,
                 const train::Trainer& trainer, const tasks::Examples& train,
                 const tasks::TrainingData& data);

// A plan with times, and what an evaluation of each set takes.
struct ProbedRun {
  RunPlan plan = {};
  double loading_seconds = 0;  // of the model
  double validation_seconds = 0;
};

// Reads the model, takes a few steps on batches of the run, evaluates a few batches, and plans with the times
// that these took. The model is not kept, and nothing is written. options.arguments are settled.
ProbedRun probe_run_on(tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base);

// The same for the files of the options, by any of the methods.
RunPlan probe_run(const TrainOptions& options, const BaseModel& base, const tasks::TaskEntry& task,
                  train::Observer& observer);

}  // namespace bertune::runs
