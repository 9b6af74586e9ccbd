// The labels that a report says should be read again.
#pragma once

#include "core/json.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

inline constexpr std::int64_t kMostSuspicious = 20;

// Adds "suspicious" to the facts of a run (run_facts.h), by its predictions of rows that it was not trained
// on; nothing where labels cannot be judged.
void add_suspicious(const PredictionTable& table, double temperature, OrderedJson& facts);

// The number of labels that are probably wrong, and of those that were judged.
struct SuspiciousCount {
  std::int64_t issues = 0, items = 0;
};
SuspiciousCount count_suspicious(const PredictionTable& table);

}  // namespace bertune::insight
