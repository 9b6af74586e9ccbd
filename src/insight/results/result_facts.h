// The parts of a report that are made of predictions alone.
#pragma once

#include "core/json.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

// Adds them to the facts of a run (run_facts.h). `temperature` is what logits are yet to be divided by.
void add_result_facts(const PredictionTable& table, const PredictedSet& set, double temperature,
                      OrderedJson& facts);

}  // namespace bertune::insight
