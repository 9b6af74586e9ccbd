// `bertune train --seeds`: several runs, and what they say together.
#pragma once

#include "cli/commands/watched_run.h"
#include "runs/fine_tuning.h"
#include "runs/train_options.h"

namespace bertune::cli {

// Trains, writes the reports, and prints the metrics over all seeds.
void train_seeds(const TrainOptions& options, const runs::TrainOptions& values, const runs::BaseModel& base,
                 const tasks::TaskEntry& task);

}  // namespace bertune::cli
