// Spans of time as people write them.
#pragma once

#include <string>
#include <string_view>

namespace bertune {

// Returns the seconds of "90", "90s", "30m", "2h", "1h30m" or "1d". Throws UsageError, naming the option, for
// anything else and for 0.
double seconds_from(std::string_view text, const std::string& option);

}  // namespace bertune
