#include "train/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <utility>

namespace bertune::train {
namespace {

// The last steps and changes of the gradient, from which the next direction is made.
class History {
 public:
  explicit History(const Objective& objective)
      : objective_(objective),
        kept_(std::clamp<std::size_t>(kMostNumbers / std::max<std::size_t>(1, objective.size()), 3, 10)) {}

  void add(std::vector<double> step, std::vector<double> change) {
    const double curvature = objective_.dot(step, change);
    if (curvature <= 1e-12 * objective_.dot(change, change)) return;
    if (pairs_.size() == kept_) pairs_.pop_front();
    pairs_.push_back({std::move(step), std::move(change), 1 / curvature});
  }

  std::vector<double> direction(const std::vector<double>& gradient) const {
    std::vector<double> result = gradient, alphas(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      alphas[i] = pairs_[i].rho * objective_.dot(pairs_[i].step, result);
      add_scaled(result, pairs_[i].change, -alphas[i]);
    }
    if (!pairs_.empty()) {
      const Pair& last = pairs_.back();
      const double scale = 1 / (last.rho * objective_.dot(last.change, last.change));
      for (double& number : result) number *= scale;
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      add_scaled(result, pairs_[i].step,
                 alphas[i] - pairs_[i].rho * objective_.dot(pairs_[i].change, result));
    for (double& number : result) number = -number;
    return result;
  }

 private:
  static constexpr std::size_t kMostNumbers = std::size_t{1} << 25;  // of steps in memory
  struct Pair {
    std::vector<double> step, change;
    double rho;
  };
  static void add_scaled(std::vector<double>& to, const std::vector<double>& from, double scale) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += scale * from[i];
  }
  const Objective& objective_;
  std::size_t kept_;
  std::deque<Pair> pairs_;
};

}  // namespace

double Objective::dot(const std::vector<double>& a, const std::vector<double>& b) const {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

std::vector<double> minimize(const Objective& objective, double tolerance, int most_steps) {
  constexpr int kMostHalvings = 40;
  std::vector<double> point(objective.size()), gradient, next_gradient;
  History history(objective);
  Objective::At at = objective(point, gradient);
  for (int step = 0; step < most_steps && at.steepest > tolerance; ++step) {
    const std::vector<double> direction = history.direction(gradient);
    const double slope = objective.dot(direction, gradient);
    double length = step == 0 ? std::min(1.0, 1 / std::sqrt(objective.dot(gradient, gradient))) : 1;
    std::vector<double> next;
    Objective::At next_at;
    bool is_lower = false;
    for (int halving = 0; halving < kMostHalvings && !is_lower; ++halving, length /= 2) {
      next = point;
      for (std::size_t i = 0; i < next.size(); ++i) next[i] += length * direction[i];
      next_at = objective(next, next_gradient);
      is_lower = next_at.value <= at.value + 1e-4 * length * slope;
    }
    if (!is_lower) break;  // as low as doubles tell
    std::vector<double> change = next_gradient, moved = next;
    for (std::size_t i = 0; i < change.size(); ++i) change[i] -= gradient[i], moved[i] -= point[i];
    history.add(std::move(moved), std::move(change));
    point = std::move(next), gradient = std::move(next_gradient), at = next_at;
  }
  return point;
}

}  // namespace bertune::train
