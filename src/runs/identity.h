// A group of runs is told from another one by its model and its rows.
#pragma once

#include <filesystem>

#include "core/json.h"
#include "tasks/task.h"

namespace bertune::runs {

// Returns a hash of the model in the folder; null where none is named.
Json model_identity(const std::filesystem::path& folder);
// Returns the fingerprint of the rows; null where there are none.
Json rows_identity(const tasks::Examples* examples);

}  // namespace bertune::runs
