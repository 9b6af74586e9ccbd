// Explanations on their way to files and answers.
#pragma once

#include "bertune/explain.h"
#include "core/json.h"

namespace bertune::insight {

// Returns what to_json() has as "explanation".
OrderedJson explanation_json(const Explanation& explanation);

}  // namespace bertune::insight
