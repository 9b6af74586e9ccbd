// Suspicious labels of a run's own predictions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bertune/noise.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

// The function behind find_label_noise of a run (bertune/noise.h).
LabelNoise noise_of_run(const std::filesystem::path& run, const std::string& set, std::int64_t top);

// Returns what the logits of a run's table are yet to be divided by.
double temperature_of_table(const std::filesystem::path& run, const PredictionTable& table);

}  // namespace bertune::insight
