// The metrics of the folds of a cross-validation.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace bertune::report {

// `folds`: an object a fold, with its numbers under "metrics" (null: not finite).
// {"mean": {name: number}, "std": {...}}: the sample standard deviation (n - 1); null where a fold's number
// is.
Json fold_statistics(const std::vector<Json>& folds);

// A line a metric: mean, standard deviation, and each fold under its "fold", a number or a name.
std::string folds_report(const std::vector<Json>& folds);

}  // namespace bertune::report
