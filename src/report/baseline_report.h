// Reports what simple methods reach, as text for a person.
#pragma once

#include <optional>
#include <string>

#include "bertune/baseline.h"
#include "insight/data/baselines.h"
#include "report/terminal.h"

namespace bertune::report {

// A line for each baseline: its name, the metric, and how long it took.
std::string baseline_table(const Baselines& baselines, const Style& style = {});

// "TF-IDF with a linear model: 81.3% accuracy; this model is better by 5.8 points (95% interval 3.9 to 7.7)".
// A model that is not better is said to be so.
std::string beside_line(const Baselines& baselines, const insight::BesideModel& model);

}  // namespace bertune::report
