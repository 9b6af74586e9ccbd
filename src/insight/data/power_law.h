// The error of a model as a function of its training rows: a · n^-b + c (Figueroa et al. 2012; of the usual
// forms the one that fits best: Brumen et al. 2021).
#pragma once

#include <span>

#include "bertune/learning_curve.h"

namespace bertune::insight {

struct CurveError {
  double rows = 0, error = 0;
  double weight = 1;  // times the rows
};

// Returns the law with the smallest squared errors, each weighted by its rows and weight; a and c are at
// least 0, b is from 0.1 to 2. `errors`: of at least two sizes.
PowerLaw fit_power_law(std::span<const CurveError> errors);

}  // namespace bertune::insight
