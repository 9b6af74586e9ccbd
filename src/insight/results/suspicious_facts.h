// The labels that a report says should be read again.
#pragma once

#include "core/json.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

inline constexpr std::int64_t kMostSuspicious = 20;

// Adds "suspicious" to the facts of a run (run_facts.h), by its predictions of rows that it was not trained
// on; nothing where labels cannot be judged.
void add_suspicious(const PredictionTable& table, double temperature, OrderedJson& facts);

// Returns whether so many of these labels fit badly that they are mistakes of a weak model, and not of those
// who wrote them. `suspicious`: as add_suspicious() makes it.
bool are_mistakes_of_the_model(const OrderedJson& suspicious);

}  // namespace bertune::insight
