// The metrics of runs that differ in the seed alone.
#pragma once

#include <string>

#include "core/json.h"

namespace bertune::report {

// Returns "eval_accuracy" as "validation accuracy".
std::string spelled(std::string metric);

// `results`: what seeds.json holds (runs/seed_runs.h). A line a metric with its mean, standard deviation,
// minimum and maximum; then a line a run with the metric that the best one is chosen by, and the same of the
// test.
std::string seeds_report(const Json& results);

}  // namespace bertune::report
