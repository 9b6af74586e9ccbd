// Findings about data as text for a person.
#pragma once

#include <string>

#include "bertune/findings.h"

namespace bertune::report {

// Describes a finding without the set and without the advice: "12 rows (3.0%) also appear in train; ...".
// Options are named as the library does, and what stands in files is printable.
std::string finding_text(const Finding& finding);

// The set before it and the advice after it, where there are any.
std::string finding_line(const Finding& finding);

// "1 row", "1,234 rows".
std::string counted(std::int64_t count, const std::string& unit);
// "12 rows (3.0%)"
std::string counted_of(const Finding& finding);

// A name of a file in quotes, short and printable.
std::string quoted(const std::string& name);

}  // namespace bertune::report
