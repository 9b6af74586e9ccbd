// L-BFGS as torch.optim.LBFGS: a quasi-Newton direction from the last steps and changes of the gradient. A
// template, so that tests run it in double.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "bertune/optim.h"
#include "optim/line_search.h"
#include "optim/vector_sums.h"

namespace bertune::optim {

template <typename Real>
class LbfgsSearch {
 public:
  explicit LbfgsSearch(const LBFGSOptions& options) : options_(options) {}

  // One step of PyTorch's: up to max_iter iterations on the function that `evaluate` computes at `x`, with
  // its gradient in `gradient`. Returns the value before the first.
  Real step(std::span<Real> x, std::span<const Real> gradient, Real lr,
            const std::function<Real()>& evaluate);

  struct State {
    std::vector<Real> direction, previous_gradient;
    std::deque<std::vector<Real>> gradient_changes, steps;  // the oldest first
    std::vector<Real> inverse_products;                     // 1 / (change · step)
    // The last step length, the scale of the first guess of the inverse Hessian, and whether there was a
    // step.
    std::array<Real, 3> numbers{};
  };
  State& state() { return state_; }

 private:
  using View = std::span<const Real>;
  static Real product(View a, View b) { return static_cast<Real>(dot(a, b)); }
  Real& length() { return state_.numbers[0]; }
  Real& scale() { return state_.numbers[1]; }
  Real& begun() { return state_.numbers[2]; }

  void remember(View gradient);
  void turn(View gradient);

  LBFGSOptions options_;
  State state_;
};

// Takes the last step into the memory, unless it says nothing of the curvature.
template <typename Real>
void LbfgsSearch<Real>::remember(View gradient) {
  std::vector<Real> change(gradient.begin(), gradient.end()), step(state_.direction);
  combine<Real>(-1, state_.previous_gradient, 1, change);
  combine<Real>(0, step, length(), step);
  const Real along = product(change, step);
  if (!(along > static_cast<Real>(1e-10))) return;
  if (static_cast<std::int64_t>(state_.steps.size()) == options_.history_size) {
    state_.gradient_changes.pop_front();
    state_.steps.pop_front();
    state_.inverse_products.erase(state_.inverse_products.begin());
  }
  scale() = along / product(change, change);
  state_.inverse_products.push_back(1 / along);
  state_.gradient_changes.push_back(std::move(change));
  state_.steps.push_back(std::move(step));
}

// direction = minus the approximate inverse Hessian times the gradient, in two loops over the memory.
template <typename Real>
void LbfgsSearch<Real>::turn(View gradient) {
  std::vector<Real>& d = state_.direction;
  d.assign(gradient.begin(), gradient.end());
  combine<Real>(0, d, -1, d);
  const std::size_t count = state_.steps.size();
  std::vector<Real> along(count);
  for (std::size_t i = count; i-- > 0;) {
    along[i] = product(state_.steps[i], d) * state_.inverse_products[i];
    combine<Real>(-along[i], state_.gradient_changes[i], 1, d);
  }
  combine<Real>(0, d, scale(), d);
  for (std::size_t i = 0; i < count; ++i) {
    const Real back = product(state_.gradient_changes[i], d) * state_.inverse_products[i];
    combine<Real>(along[i] - back, state_.steps[i], 1, d);
  }
}

template <typename Real>
Real LbfgsSearch<Real>::step(std::span<Real> x, View gradient, Real lr,
                             const std::function<Real()>& evaluate) {
  const auto small = [&](View g) { return largest_magnitude(g) <= options_.tolerance_grad; };
  const auto tolerance_change = static_cast<Real>(options_.tolerance_change);
  const std::int64_t max_eval = options_.max_eval.value_or(options_.max_iter * 5 / 4);
  const Real first = evaluate();
  std::int64_t evaluations = 1;
  if (small(gradient)) return first;
  std::vector<Real> here(gradient.begin(), gradient.end()), start;
  Real value = first;
  for (std::int64_t iteration = 1; iteration <= options_.max_iter; ++iteration) {
    const bool first_ever = begun() == 0;
    begun() = 1;
    if (first_ever) {
      scale() = 1;
    } else {
      remember(here);
    }
    turn(here);
    state_.previous_gradient = here;
    const Real value_before = value;
    length() = first_ever ? static_cast<Real>(std::min(1.0, 1.0 / sum_of_magnitudes<Real>(here))) * lr : lr;
    const Real slope = product(here, state_.direction);
    if (slope > -tolerance_change) break;
    const View d = state_.direction;
    const auto reach = static_cast<Real>(largest_magnitude<Real>(d));
    bool optimal = false;
    if (options_.line_search_fn == "strong_wolfe") {
      start.assign(x.begin(), x.end());
      const auto at = [&](Real t) {
        combine<Real>(t, d, 1, x);
        LinePoint<Real> point{t, evaluate(), {gradient.begin(), gradient.end()}, 0};
        point.slope = product(point.gradient, d);
        std::ranges::copy(start, x.begin());
        return point;
      };
      LinePoint<Real> found = strong_wolfe(at, LinePoint<Real>{0, value, here, slope}, length(), reach,
                                           tolerance_change, max_eval - evaluations, evaluations);
      length() = found.t;
      value = found.value;
      here = std::move(found.gradient);
      combine<Real>(length(), d, 1, x);
      optimal = small(here);
    } else {
      combine<Real>(length(), d, 1, x);
      if (iteration < options_.max_iter) {  // nothing reads it after the last
        value = evaluate();
        here.assign(gradient.begin(), gradient.end());
        optimal = small(here);
        ++evaluations;
      }
    }
    if (evaluations >= max_eval || optimal) break;
    if (std::abs(reach * length()) <= tolerance_change) break;
    if (std::abs(value - value_before) < tolerance_change) break;
  }
  return first;
}

}  // namespace bertune::optim
