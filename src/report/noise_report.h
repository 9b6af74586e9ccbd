// Suspicious labels as text for people.
#pragma once

#include <cstdint>
#include <string>

#include "bertune/noise.h"
#include "report/terminal.h"

namespace bertune::report {

// Returns how many labels are probably wrong, which are confused with which, and the first `shown` suspicious
// ones.
std::string noise_report(const LabelNoise& noise, std::int64_t shown, const Style& style);

}  // namespace bertune::report
