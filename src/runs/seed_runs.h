// Several runs that differ in the seed alone: how much of a result is the luck of a seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/json.h"
#include "runs/fine_tuning.h"
#include "runs/train_options.h"
#include "train/observer.h"

namespace bertune::runs {

struct SeedRuns {
  std::vector<std::uint64_t> seeds;
  std::vector<Json> runs;             // results of each: {"seed", "metrics": {"eval_accuracy": ..}, ...}
  Json results;                       // what seeds.json holds (docs/seeds.md)
  std::filesystem::path file;         // that one
  std::optional<std::uint64_t> best;  // on the validation rows; its run is OUTPUT too
};

// Trains options.seeds models, one after another, with arguments.seed and those after it: new weights, order
// of rows and dropout differ. The data are read once, and so held-out rows are the same. Each run has its
// folder OUTPUT/seed-<seed>/ with its results and predictions; OUTPUT holds the model that is best on the
// validation rows (the first of equals), and with KeptModels::all each folder its own. Writes
// OUTPUT/seeds.json when all are finished. With resume it goes on where it was interrupted.
//
// Throws UsageError where one model is to be kept and there are no validation rows to choose it by, and in a
// job of several processes; Interrupted when the stop is asked for.
SeedRuns train_seeds(const TrainOptions& options, const BaseModel& base, const tasks::TaskEntry& task,
                     train::Observer& observer);

}  // namespace bertune::runs
