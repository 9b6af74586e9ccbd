// Comparisons and calibrations as text for people.
#pragma once

#include <cstdint>
#include <string>

#include "insight/results/comparison.h"
#include "report/terminal.h"
#include "runs/calibration.h"

namespace bertune::report {

// The difference first, with its interval; then the test, and up to `rows` rows that only one run gets right.
std::string comparison_report(const insight::Comparisons& comparisons, std::int64_t rows, const Style& style);

// The temperature, what it does to the scores, and a table of what is answered at which least score.
std::string calibration_report(const runs::Calibrated& calibrated, const std::string& model);

}  // namespace bertune::report
