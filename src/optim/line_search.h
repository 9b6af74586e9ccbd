// A step length that satisfies the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6),
// as torch.optim.LBFGS searches for it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace bertune::optim {

// A point on the line: how far along the direction, the function there, its gradient, and its slope along it.
template <typename Real, typename Vector>
struct LinePoint {
  Real t = 0, value = 0;
  std::shared_ptr<const Vector> gradient;
  Real slope = 0;
};

// Returns where the cubic through two points with their slopes has its minimum, within bounds.
template <typename Real, typename Vector>
Real cubic_minimum(const LinePoint<Real, Vector>& a, const LinePoint<Real, Vector>& b, Real min, Real max) {
  const Real d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t);
  const Real square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (min + max) / 2;
  const Real d2 = std::sqrt(square);
  const Real place = a.t <= b.t ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
                                : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
  return std::min(std::max(place, min), max);
}

// `at(t)` evaluates the line at t. `start` is the point at 0, `t` the first length tried, `reach` the largest
// magnitude in the direction. `evaluations` is counted up.
template <typename Real, typename Vector, typename At>
LinePoint<Real, Vector> strong_wolfe(const At& at, const LinePoint<Real, Vector>& start, Real t, Real reach,
                                     Real tolerance_change, std::int64_t max_tries,
                                     std::int64_t& evaluations) {
  using Point = LinePoint<Real, Vector>;
  constexpr Real kArmijo = static_cast<Real>(1e-4), kCurvature = static_cast<Real>(0.9);
  const auto too_high = [&](const Point& p) { return p.value > start.value + kArmijo * p.t * start.slope; };
  const auto flat = [&](const Point& p) { return std::abs(p.slope) <= -kCurvature * start.slope; };
  Point previous = start, current = at(t);
  ++evaluations;
  std::int64_t tries = 0;
  std::vector<Point> bracket;
  for (; tries < max_tries; ++tries) {  // until two points have a minimum between them
    if (too_high(current) || (tries > 1 && current.value >= previous.value) ||
        (!flat(current) && current.slope >= 0)) {
      bracket = {previous, current};
      break;
    }
    if (flat(current)) return current;
    const Real min = current.t + static_cast<Real>(0.01) * (current.t - previous.t);
    const Real next = cubic_minimum(previous, current, min, current.t * 10);
    previous = std::exchange(current, at(next));
    ++evaluations;
  }
  if (tries == max_tries) bracket = {start, current};
  bool stuck = false;
  std::size_t low = bracket[0].value <= bracket[1].value ? 0 : 1;
  while (tries < max_tries) {  // the bracket is made smaller
    const Real first = std::min(bracket[0].t, bracket[1].t), last = std::max(bracket[0].t, bracket[1].t);
    if ((last - first) * reach < tolerance_change) break;
    t = cubic_minimum(bracket[0], bracket[1], first, last);
    const Real margin = static_cast<Real>(0.1) * (last - first);
    if (std::min(last - t, t - first) < margin) {
      if (stuck || t >= last || t <= first) {
        t = std::abs(t - last) < std::abs(t - first) ? last - margin : first + margin;
        stuck = false;
      } else {
        stuck = true;
      }
    } else {
      stuck = false;
    }
    current = at(t);
    ++evaluations, ++tries;
    if (too_high(current) || current.value >= bracket[low].value) {
      bracket[1 - low] = std::move(current);
      low = bracket[0].value <= bracket[1].value ? 0 : 1;
      continue;
    }
    if (flat(current)) return current;
    if (current.slope * (bracket[1 - low].t - bracket[low].t) >= 0)
      bracket[1 - low] = std::move(bracket[low]);
    bracket[low] = std::move(current);
  }
  return std::move(bracket[low]);
}

}  // namespace bertune::optim
