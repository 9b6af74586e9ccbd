// The Trainer's result files: train_results.json, eval_results.json, ..., and all_results.json, their union.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "bertune/metrics.h"
#include "core/file.h"
#include "core/json.h"

namespace bertune::runs {

// The results by prefix ("train", "eval", "test"): an object of numbers, its keys with or without
// "<prefix>_".
using Results = std::map<std::string, Json>;

// The values of an evaluation under their names: {"accuracy": 0.93, "loss": 0.2}.
Json metric_values(const Metrics& metrics);
// The same of so many rows, with the time that they took, which is above 0.
Json evaluation_values(const Metrics& metrics, std::int64_t rows, double seconds);

// Keys become "<prefix>_<key>", except those that have it and those that the Trainer writes bare ("epoch",
// "total_flos"). Numbers that are not finite become null: JSON has no other way to say it.
Json with_prefix(const std::string& prefix, const Json& values);

// Contents by file name: "<prefix>_results.json" each, and "all_results.json" with what `previous_all` (the
// text of that file so far) holds beside. A previous text that is no JSON object counts as empty: an old
// broken file is no reason to lose new results.
std::map<std::string, std::string> result_files(const Results& results, std::string_view previous_all = {});

// Writes those files into the existing folder, each atomically.
void write_results(const fs::path& directory, const Results& results);

}  // namespace bertune::runs
