// Suspicious labels of a run's own predictions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bertune/noise.h"
#include "core/json.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

// The function behind find_label_noise of a run (bertune/noise.h).
LabelNoise noise_of_run(const std::filesystem::path& run, const std::string& set, std::int64_t top);

// Returns what the logits of a table are yet to be divided by: predictions of an evaluation are divided
// already, those of a training are not. `settings`: bertune.json, or null.
double temperature_left(const Json& settings, const PredictionTable& table);

}  // namespace bertune::insight
