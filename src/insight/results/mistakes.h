// The rows that a model gets wrong, the surest mistake first.
#pragma once

#include "core/json.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

// Adds "mistakes", "mistakes_shown" and "mistakes_in_all" to the facts of a run (run_facts.h).
void add_mistakes(const PredictionTable& table, const PredictedSet& set, double temperature,
                  OrderedJson& facts);

}  // namespace bertune::insight
