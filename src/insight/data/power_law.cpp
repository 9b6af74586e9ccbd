#include "insight/data/power_law.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bertune::insight {
namespace {

struct Fitted {
  PowerLaw law;
  double squares = std::numeric_limits<double>::infinity();
};

// With b given, a and c are a weighted line through x = (n / most)^-b, and 0 where it would make them
// negative.
Fitted fit_line(std::span<const CurveError> errors, double b, double most) {
  double weights = 0, x_sum = 0, y_sum = 0, xx = 0, xy = 0;
  for (const CurveError& one : errors) {
    const double x = std::pow(one.rows / most, -b), w = one.weight * one.rows;
    weights += w, x_sum += w * x, y_sum += w * one.error, xx += w * x * x, xy += w * x * one.error;
  }
  const double spread = weights * xx - x_sum * x_sum;
  double a = spread > 0 ? (weights * xy - x_sum * y_sum) / spread : 0;
  double c = (y_sum - a * x_sum) / weights;
  if (c < 0) c = 0, a = xy / xx;
  if (a < 0) a = 0, c = y_sum / weights;
  Fitted fitted{.law = {a * std::pow(most, b), b, std::max(0.0, c)}, .squares = 0};
  for (const CurveError& one : errors) {
    const double difference = fitted.law(one.rows) - one.error;
    fitted.squares += one.weight * one.rows * difference * difference;
  }
  return fitted;
}

}  // namespace

PowerLaw fit_power_law(std::span<const CurveError> errors) {
  constexpr double kLeast = 0.1, kMost = 2, kFactor = 1.03;
  double most = 0;
  for (const CurveError& one : errors) most = std::max(most, one.rows);
  Fitted best;
  for (double b = kLeast; b <= kMost; b *= kFactor) {
    const Fitted fitted = fit_line(errors, b, most);
    if (fitted.squares < best.squares) best = fitted;
  }
  return best.law;
}

}  // namespace bertune::insight

namespace bertune {

double PowerLaw::operator()(double rows) const { return a * std::pow(rows, -b) + c; }

}  // namespace bertune
