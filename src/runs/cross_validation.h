// Cross-validation: how good a training is, by models that are each measured on what they have not seen.
#pragma once

#include <filesystem>
#include <vector>

#include "bertune/model.h"
#include "core/json.h"
#include "runs/fine_tuning.h"
#include "runs/train_options.h"
#include "train/observer.h"

namespace bertune::runs {

struct CrossValidated {
  std::vector<Json> folds;                     // results of each
  Json results;                                // what cross_validation.json holds
  std::vector<std::filesystem::path> folders;  // of the models that were kept
};

// Trains options.folds models, or one for each value of options.files.fold_column, one after another: number
// i on all rows of the training file but those of fold i (data/splits/folds.h), which it is then measured on.
// What a fold is measured on never picks its epoch: with a validation file that does, and else the last epoch
// is taken; a test file is not looked at. Writes OUTPUT/cross_validation.json and OUTPUT/out_of_fold.jsonl.
// While it runs, OUTPUT/fold-<i>/ holds checkpoints and what is finished, from which a run with resume goes
// on. Throws UsageError for fewer than two folds, and Interrupted when the stop is asked for.
CrossValidated cross_validate(const TrainOptions& options, const BaseModel& base,
                              const tasks::TaskEntry& task, train::Observer& observer);

}  // namespace bertune::runs
