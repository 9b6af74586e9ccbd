#include "train/logistic_regression.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <utility>

#include "core/parallel.h"

namespace bertune::train {
namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Replaces the logits of a row by their loss's gradient; returns the loss.
double softmax_loss(std::span<double> logits, std::size_t label) {
  const double most = std::ranges::max(logits);
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - most);
  const double log_sum = most + std::log(sum), loss = log_sum - logits[label];
  for (double& logit : logits) logit = std::exp(logit - log_sum);
  logits[label] -= 1;
  return loss;
}

double logistic_loss(std::span<double> logits, std::span<const float> targets) {
  double loss = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double x = logits[i], target = double{targets[i]};
    loss += std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x)));
    logits[i] = 1 / (1 + std::exp(-x)) - target;
  }
  return loss;
}

// The objective as a function of the weights [outputs, width] with the biases [outputs] behind them.
class Objective {
 public:
  Objective(const LabelledFeatures& features, double cost) : features_(features), cost_(cost) {}

  std::size_t size() const { return outputs() * (width() + 1); }

  double operator()(const std::vector<double>& point, std::vector<double>& gradient) const {
    // The borders of partial sums do not depend on threads, and their number keeps the memory small.
    constexpr std::int64_t kFewestRows = 128, kMostBlocks = 64;
    const std::int64_t rows = features_.rows(),
                       block_rows = std::max(kFewestRows, block_count(rows, kMostBlocks)),
                       blocks = block_count(rows, block_rows);
    std::vector<std::vector<double>> gradients(static_cast<std::size_t>(blocks));
    std::vector<double> losses(static_cast<std::size_t>(blocks));
    parallel_for(blocks, [&](std::int64_t block) {
      const auto place = static_cast<std::size_t>(block);
      gradients[place].resize(size());
      losses[place] =
          add_rows(point, block * block_rows, std::min(rows, (block + 1) * block_rows), gradients[place]);
    });
    gradient.assign(size(), 0);
    double loss = 0, penalty = 0;
    for (std::size_t block = 0; block < losses.size(); ++block) {
      loss += losses[block];
      for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += cost_ * gradients[block][i];
    }
    for (std::size_t i = 0; i < outputs() * width(); ++i) {
      penalty += point[i] * point[i] / 2;
      gradient[i] += point[i];
    }
    return penalty + cost_ * loss;
  }

 private:
  std::size_t width() const { return static_cast<std::size_t>(features_.width); }
  std::size_t outputs() const { return static_cast<std::size_t>(features_.outputs); }

  double add_rows(const std::vector<double>& point, std::int64_t begin, std::int64_t end,
                  std::vector<double>& gradient) const {
    std::vector<double> logits(outputs());
    double loss = 0;
    for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row) {
      const std::span<const float> x = features_.values.subspan(row * width(), width());
      for (std::size_t label = 0; label < outputs(); ++label) {
        const double* weight = point.data() + label * width();
        double sum = point[outputs() * width() + label];
        for (std::size_t i = 0; i < x.size(); ++i) sum += weight[i] * double{x[i]};
        logits[label] = sum;
      }
      loss += features_.ids.empty()
                  ? logistic_loss(logits, features_.targets.subspan(row * outputs(), outputs()))
                  : softmax_loss(logits, static_cast<std::size_t>(features_.ids[row]));
      for (std::size_t label = 0; label < outputs(); ++label) {
        double* own = gradient.data() + label * width();
        for (std::size_t i = 0; i < x.size(); ++i) own[i] += logits[label] * double{x[i]};
        gradient[outputs() * width() + label] += logits[label];
      }
    }
    return loss;
  }

  const LabelledFeatures& features_;
  double cost_;
};

// The last steps and changes of the gradient, from which L-BFGS makes the next direction (Nocedal and Wright,
// algorithm 7.4).
class History {
 public:
  void add(std::vector<double> step, std::vector<double> change) {
    constexpr std::size_t kKept = 10;
    const double curvature = dot(step, change);
    if (curvature <= 1e-12 * dot(change, change)) return;
    pairs_.push_back({std::move(step), std::move(change), 1 / curvature});
    if (pairs_.size() > kKept) pairs_.pop_front();
  }

  std::vector<double> direction(const std::vector<double>& gradient) const {
    std::vector<double> result = gradient, alphas(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      alphas[i] = pairs_[i].rho * dot(pairs_[i].step, result);
      add_scaled(result, pairs_[i].change, -alphas[i]);
    }
    if (!pairs_.empty()) {
      const Pair& last = pairs_.back();
      const double scale = 1 / (last.rho * dot(last.change, last.change));
      for (double& number : result) number *= scale;
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      add_scaled(result, pairs_[i].step, alphas[i] - pairs_[i].rho * dot(pairs_[i].change, result));
    for (double& number : result) number = -number;
    return result;
  }

 private:
  struct Pair {
    std::vector<double> step, change;
    double rho;
  };
  static void add_scaled(std::vector<double>& to, const std::vector<double>& from, double scale) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += scale * from[i];
  }
  std::deque<Pair> pairs_;
};

std::vector<double> minimize(const Objective& objective, double tolerance) {
  constexpr int kMostSteps = 500, kMostHalvings = 40;
  std::vector<double> point(objective.size()), gradient, next_gradient;
  History history;
  double value = objective(point, gradient);
  for (int step = 0; step < kMostSteps; ++step) {
    const double largest = std::transform_reduce(
        gradient.begin(), gradient.end(), 0.0, [](double a, double b) { return std::max(a, b); },
        [](double number) { return std::abs(number); });
    if (largest <= tolerance) break;
    const std::vector<double> direction = history.direction(gradient);
    const double slope = dot(direction, gradient);
    double length = step == 0 ? std::min(1.0, 1 / std::sqrt(dot(gradient, gradient))) : 1, next_value = value;
    std::vector<double> next;
    bool is_lower = false;
    for (int halving = 0; halving < kMostHalvings && !is_lower; ++halving, length /= 2) {
      next = point;
      for (std::size_t i = 0; i < next.size(); ++i) next[i] += length * direction[i];
      next_value = objective(next, next_gradient);
      is_lower = next_value <= value + 1e-4 * length * slope;
    }
    if (!is_lower) break;  // as low as doubles tell
    std::vector<double> change = next_gradient, moved = next;
    for (std::size_t i = 0; i < change.size(); ++i) change[i] -= gradient[i], moved[i] -= point[i];
    history.add(std::move(moved), std::move(change));
    point = std::move(next), gradient = std::move(next_gradient), value = next_value;
  }
  return point;
}

}  // namespace

std::vector<float> LogisticRegression::logits(std::span<const float> features) const {
  const auto columns = static_cast<std::size_t>(width);
  const std::size_t rows = columns > 0 ? features.size() / columns : 0;
  std::vector<float> result(rows * bias.size());
  parallel_for(static_cast<std::int64_t>(rows), [&](std::int64_t row) {
    const auto x = features.subspan(static_cast<std::size_t>(row) * columns, columns);
    for (std::size_t label = 0; label < bias.size(); ++label) {
      double sum = double{bias[label]};
      for (std::size_t i = 0; i < columns; ++i) sum += double{weight[label * columns + i]} * double{x[i]};
      result[static_cast<std::size_t>(row) * bias.size() + label] = static_cast<float>(sum);
    }
  });
  return result;
}

LogisticRegression fit_logistic_regression(const LabelledFeatures& features, double cost) {
  constexpr double kTolerance = 1e-4;  // of the gradient, for a mean over the rows
  const Objective objective(features, cost);
  const double rows = static_cast<double>(std::max<std::int64_t>(1, features.rows()));
  const std::vector<double> point = minimize(objective, kTolerance * std::max(1.0, cost) * std::sqrt(rows));
  const auto weights = static_cast<std::size_t>(features.width * features.outputs);
  LogisticRegression model{.width = features.width, .outputs = features.outputs};
  for (std::size_t i = 0; i < point.size(); ++i)
    (i < weights ? model.weight : model.bias).push_back(static_cast<float>(point[i]));
  return model;
}

double loss_of(const LogisticRegression& model, const LabelledFeatures& features) {
  const std::vector<float> logits = model.logits(features.values);
  const auto outputs = static_cast<std::size_t>(features.outputs);
  double loss = 0;
  std::vector<double> row(outputs);
  for (std::size_t i = 0; i < logits.size(); i += outputs) {
    std::copy_n(logits.begin() + static_cast<std::ptrdiff_t>(i), outputs, row.begin());
    loss += features.ids.empty() ? logistic_loss(row, features.targets.subspan(i, outputs))
                                 : softmax_loss(row, static_cast<std::size_t>(features.ids[i / outputs]));
  }
  return loss;
}

}  // namespace bertune::train
