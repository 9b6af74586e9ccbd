// Simple methods on the rows of a training, and what a trained model adds to them.
#pragma once

#include <filesystem>
#include <string>

#include "bertune/baseline.h"
#include "core/json.h"

namespace bertune::cli {

// Writes FOLDER/baselines.json, with the model of that folder beside the methods; returns the line that
// compares, or an empty one. `results`: the metrics of the run, with the prefix "test_". The rows of the
// model are those of its predictions, where it has left them.
std::string write_beside(const std::filesystem::path& folder, const Baselines& baselines,
                         const Json& results);

}  // namespace bertune::cli
