// The output folder of a run, before anything is trained.
#pragma once

#include "core/folder_lock.h"
#include "runs/train_options.h"
#include "tasks/training_data.h"
#include "train/trainer.h"

namespace bertune::runs {

// Makes the folder, and ends what a run that was killed had begun with it. An earlier result is not
// overwritten by a slip, nor is a folder of something else: throws UsageError; and Error where the folder
// cannot be made or written to, or another process writes to it, which is kept out while the lock lives.
[[nodiscard]] FolderLock prepare_output(const TrainOptions& options);

// Throws Error where the disk has no room for the checkpoints of the run.
void require_disk(const TrainOptions& options, const BertPreTrainedModel& model,
                  const train::Trainer& trainer);

// OUTPUT/run.yaml, with which the run can be repeated; not that of an interrupted run, which may yet be
// another one.
void write_settings(const TrainOptions& options, const tasks::TrainingData& data);

}  // namespace bertune::runs
