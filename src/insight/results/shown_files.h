// The files that later commands leave in the folder of a run for its report.
#pragma once

namespace bertune::insight {

inline constexpr const char* kCurveFile = "curve.json";              // learning_curve.h: to_json()
inline constexpr const char* kSuggestionsFile = "suggestions.json";  // suggestions.h: to_json()

}  // namespace bertune::insight
