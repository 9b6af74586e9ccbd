// The file of a learning curve, in the folder of the run whose report shows it.
#pragma once

namespace bertune::insight {

inline constexpr const char* kCurveFile = "curve.json";  // learning_curve.h: to_json()

}  // namespace bertune::insight
