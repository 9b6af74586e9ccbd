// L-BFGS as torch.optim.LBFGS: a quasi-Newton direction from the last steps and changes of the gradient. A
// template over its vectors (optim/vectors.h), so that tests run it in double.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "bertune/optim.h"
#include "optim/line_search.h"

namespace bertune::optim {

template <typename Vectors>
class LbfgsSearch {
 public:
  using Real = typename Vectors::Real;
  using Vector = typename Vectors::Vector;

  explicit LbfgsSearch(const LBFGSOptions& options) : options_(options) {}

  // One step of PyTorch's: up to max_iter iterations on the function that `evaluate` computes at `x`, with
  // its gradient in `gradient`. Returns the value before the first.
  Real step(std::span<Real> x, std::span<const Real> gradient, Real lr,
            const std::function<Real()>& evaluate);

  struct State {
    Vector direction, previous_gradient;
    std::deque<Vector> gradient_changes, steps;  // the oldest first
    std::vector<Real> inverse_products;          // 1 / (change · step)
    // The last step length, the scale of the first guess of the inverse Hessian, and whether there was a
    // step.
    std::array<Real, 3> numbers{};
  };
  State& state() { return state_; }

 private:
  using View = std::span<const Real>;
  using Point = LinePoint<Real, Vector>;
  static View view(const Vector& vector) { return Vectors::view(vector); }
  static Real product(View a, View b) { return static_cast<Real>(Vectors::dot(a, b)); }
  static Vector copy_of(View from) {
    Vector to = Vectors::zeros(from.size());
    Vectors::copy(from, Vectors::view(to));
    return to;
  }
  static std::shared_ptr<const Vector> shared_copy_of(View from) {
    return std::make_shared<const Vector>(copy_of(from));
  }
  Real& length() { return state_.numbers[0]; }
  Real& scale() { return state_.numbers[1]; }
  Real& begun() { return state_.numbers[2]; }

  void remember(View gradient);
  void turn(View gradient);

  LBFGSOptions options_;
  State state_;
};

// Takes the last step into the memory, unless it says nothing of the curvature.
template <typename Vectors>
void LbfgsSearch<Vectors>::remember(View gradient) {
  Vector change = copy_of(gradient), step = copy_of(view(state_.direction));
  Vectors::axpby(-1, view(state_.previous_gradient), 1, Vectors::view(change));
  Vectors::axpby(0, view(step), length(), Vectors::view(step));
  const Real along = product(view(change), view(step));
  if (!(along > static_cast<Real>(1e-10))) return;
  if (static_cast<std::int64_t>(state_.steps.size()) == options_.history_size) {
    state_.gradient_changes.pop_front();
    state_.steps.pop_front();
    state_.inverse_products.erase(state_.inverse_products.begin());
  }
  scale() = along / product(view(change), view(change));
  state_.inverse_products.push_back(1 / along);
  state_.gradient_changes.push_back(std::move(change));
  state_.steps.push_back(std::move(step));
}

// direction = minus the approximate inverse Hessian times the gradient, in two loops over the memory.
template <typename Vectors>
void LbfgsSearch<Vectors>::turn(View gradient) {
  const std::span<Real> d = Vectors::view(state_.direction);
  Vectors::copy(gradient, d);
  Vectors::axpby(0, d, -1, d);
  const std::size_t count = state_.steps.size();
  std::vector<Real> along(count);
  for (std::size_t i = count; i-- > 0;) {
    along[i] = product(view(state_.steps[i]), d) * state_.inverse_products[i];
    Vectors::axpby(-along[i], view(state_.gradient_changes[i]), 1, d);
  }
  Vectors::axpby(0, d, scale(), d);
  for (std::size_t i = 0; i < count; ++i) {
    const Real back = product(view(state_.gradient_changes[i]), d) * state_.inverse_products[i];
    Vectors::axpby(along[i] - back, view(state_.steps[i]), 1, d);
  }
}

template <typename Vectors>
typename Vectors::Real LbfgsSearch<Vectors>::step(std::span<Real> x, View gradient, Real lr,
                                                  const std::function<Real()>& evaluate) {
  const auto small = [&](View g) { return Vectors::abs_max(g) <= options_.tolerance_grad; };
  const auto tolerance_change = static_cast<Real>(options_.tolerance_change);
  const std::int64_t max_eval = options_.max_eval.value_or(options_.max_iter * 5 / 4);
  if (view(state_.direction).size() != x.size()) {
    state_.direction = Vectors::zeros(x.size());
    state_.previous_gradient = Vectors::zeros(x.size());
  }
  const Real first = evaluate();
  std::int64_t evaluations = 1;
  if (small(gradient)) return first;
  std::shared_ptr<const Vector> here = shared_copy_of(gradient);
  Real value = first;
  for (std::int64_t iteration = 1; iteration <= options_.max_iter; ++iteration) {
    const bool first_ever = begun() == 0;
    begun() = 1;
    if (first_ever) {
      scale() = 1;
    } else {
      remember(view(*here));
    }
    turn(view(*here));
    Vectors::copy(view(*here), Vectors::view(state_.previous_gradient));
    const Real value_before = value;
    length() = first_ever ? static_cast<Real>(std::min(1.0, 1.0 / Vectors::abs_sum(view(*here)))) * lr : lr;
    const View d = view(state_.direction);
    const Real slope = product(view(*here), d);
    if (slope > -tolerance_change) break;
    const auto reach = static_cast<Real>(Vectors::abs_max(d));
    if (options_.line_search_fn == "strong_wolfe") {
      const Vector start = copy_of(x);
      const auto at = [&](Real t) {
        Vectors::axpby(t, d, 1, x);
        Point point{t, evaluate(), shared_copy_of(gradient), 0};
        point.slope = product(view(*point.gradient), d);
        Vectors::copy(view(start), x);
        return point;
      };
      Point found = strong_wolfe(at, Point{0, value, here, slope}, length(), reach, tolerance_change,
                                 max_eval - evaluations, evaluations);
      length() = found.t;
      value = found.value;
      here = std::move(found.gradient);
      Vectors::axpby(length(), d, 1, x);
    } else {
      Vectors::axpby(length(), d, 1, x);
      if (iteration == options_.max_iter) break;  // nothing reads the gradient after the last
      value = evaluate();
      here = shared_copy_of(gradient);
      ++evaluations;
    }
    if (evaluations >= max_eval || small(view(*here))) break;
    if (std::abs(reach * length()) <= tolerance_change) break;
    if (std::abs(value - value_before) < tolerance_change) break;
  }
  return first;
}

}  // namespace bertune::optim
