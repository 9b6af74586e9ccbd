// The metrics of the parts of a run taken together: of the folds of a cross-validation, or of seeds.
#pragma once

#include <vector>

#include "core/json.h"

namespace bertune::runs {

// `parts`: an object per part, with its numbers under "metrics" (null: not finite).
// {"mean": {name: number}, "std": {...}, "min": {...}, "max": {...}}: the sample standard deviation (n - 1);
// null where a part's number is.
Json part_statistics(const std::vector<Json>& parts);

}  // namespace bertune::runs
