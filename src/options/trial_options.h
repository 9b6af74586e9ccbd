// The options of a trial of a search.
#pragma once

#include "bertune/tuning.h"
#include "runs/train_options.h"

namespace bertune::options {

// Returns `usual` with these settings. Throws UsageError for a value that an option cannot have.
runs::TrainOptions with_settings(const runs::TrainOptions& usual, const TrialSettings& settings);

}  // namespace bertune::options
