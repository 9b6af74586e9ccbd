// Labels of predicted rows that are probably wrong (bertune/noise.h).
#pragma once

#include <string>

#include "bertune/noise.h"
#include "core/json.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

struct NoiseLimits {
  std::int64_t top = 0;    // of LabelNoise::ranked; 0: the issues
  double temperature = 1;  // by which logits are divided first
  bool with_rate = true;   // estimates the share of wrong labels, which takes some tenths of a second
};

// Throws UsageError for results that are neither classes nor labels, tags or numbers.
LabelNoise label_noise(const PredictionTable& table, const PredictedSet& set, const NoiseLimits& limits = {});
bool has_label_noise(const tasks::RecordForm& form);

OrderedJson to_json(const LabelNoise& noise);

// A file for a person who corrects labels: a line for each suspicious one, with an empty column `correct` for
// the right label, or "drop" (data/corrections.h reads it).
std::string corrections_csv(const LabelNoise& noise);

}  // namespace bertune::insight
