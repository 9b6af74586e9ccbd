// The metrics of the folds of a cross-validation.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace bertune::report {

// `folds` as part_statistics takes them (runs/part_statistics.h), with "fold" and "rows". A line a metric:
// mean, standard deviation, and each fold under its "fold", a number or a name.
std::string folds_report(const std::vector<Json>& folds);

}  // namespace bertune::report
