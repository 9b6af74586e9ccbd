// The baselines of each task. Baselines::task and the scores are filled in by measure_baselines.
#pragma once

#include "bertune/baseline.h"
#include "tasks/registry/registry.h"
#include "tasks/training_files.h"

namespace bertune::insight {

Baselines text_baselines(const tasks::TrainingFiles& files);
Baselines tag_baselines(const tasks::TrainingFiles& files, const tasks::TaskEntry& task);
Baselines answer_baselines(const tasks::TrainingFiles& files, const tasks::TaskEntry& task);
Baselines choice_baselines(const tasks::TrainingFiles& files, const tasks::TaskEntry& task);
// Throws UsageError for pairs without scores.
Baselines similarity_baselines(const tasks::TrainingFiles& files, const tasks::TaskEntry& task);

}  // namespace bertune::insight
