// A learning curve for a person.
#pragma once

#include <string>

#include "bertune/learning_curve.h"
#include "report/terminal.h"

namespace bertune::report {

// The points as a table, and what twice the rows would bring, or that this cannot be said.
std::string curve_report(const LearningCurve& curve, const Style& style);

}  // namespace bertune::report
