// The metrics of the folds of a cross-validation, taken together.
#pragma once

#include <vector>

#include "core/json.h"

namespace bertune::runs {

// `folds`: an object per fold, with its numbers under "metrics" (null: not finite).
// {"mean": {name: number}, "std": {...}}: the sample standard deviation (n - 1); null where a fold's number
// is.
Json fold_statistics(const std::vector<Json>& folds);

}  // namespace bertune::runs
