#include "insight/data/linear_model.h"

#include <linear.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "core/parallel.h"

namespace bertune::insight {
namespace {

constexpr double kBias = 10;  // the constant feature; the larger it is, the less its weight is regularized

// Rows as LIBLINEAR reads them: from 1, with the constant, ended by -1.
struct Nodes {
  explicit Nodes(const SparseRows& rows) {
    nodes.reserve(rows.columns.size() + 2 * static_cast<std::size_t>(rows.rows()));
    std::vector<std::size_t> begins;
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
      begins.push_back(nodes.size());
      for (std::size_t i = rows.begin(row); i < rows.end(row); ++i)
        nodes.push_back({rows.columns[i] + 1, double{rows.values[i]}});
      nodes.push_back({rows.width + 1, kBias});
      nodes.push_back({-1, 0});
    }
    for (const std::size_t begin : begins) pointers.push_back(nodes.data() + begin);
  }
  std::vector<feature_node> nodes;
  std::vector<feature_node*> pointers;
};

struct FreeModel {
  void operator()(::model* trained) const { free_and_destroy_model(&trained); }
};

std::vector<double> train_weights(Nodes& nodes, std::int32_t width, std::vector<double>& targets, int solver,
                                  double cost) {
  static const bool kIsQuiet = (set_print_string_function([](const char*) {}), true);
  static_cast<void>(kIsQuiet);
  const ::problem asked{.l = static_cast<int>(targets.size()),
                        .n = width + 1,
                        .y = targets.data(),
                        .x = nodes.pointers.data(),
                        .bias = kBias};
  const ::parameter settings{.solver_type = solver,
                             .eps = 0.001,
                             .C = cost,
                             .nr_weight = 0,
                             .weight_label = nullptr,
                             .weight = nullptr,
                             .p = 0,
                             .init_sol = nullptr};
  const std::unique_ptr<::model, FreeModel> trained(::train(&asked, &settings));
  std::vector<double> weights(trained->w, trained->w + width + 1);
  // The positive class of LIBLINEAR is that of the first row.
  if (solver == L2R_LR && trained->label[0] == 0)
    for (double& weight : weights) weight = -weight;
  return weights;
}

double product(const SparseRows& rows, std::int64_t row, const std::vector<double>& weights) {
  double sum = weights.back() * kBias;
  for (std::size_t i = rows.begin(row); i < rows.end(row); ++i)
    sum += weights[static_cast<std::size_t>(rows.columns[i])] * double{rows.values[i]};
  return sum;
}

// Trains class by class. A class that no row has, or all have, gets its share as a constant.
template <typename Has>
std::vector<std::vector<double>> one_against_rest(const SparseRows& rows, std::int32_t classes, double cost,
                                                  bool exclusive, const Has& has) {
  std::vector<std::vector<double>> weights(static_cast<std::size_t>(classes));
  Nodes nodes(rows);
  const bool is_mirrored = classes == 2 && exclusive;  // the second class is what the first one is not
  parallel_for(is_mirrored ? 1 : classes, [&](std::int64_t number) {
    std::vector<double> targets;
    double positive = 0;
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
      targets.push_back(has(row, number) ? 1.0 : 0.0);
      positive += targets.back();
    }
    std::vector<double>& own = weights[static_cast<std::size_t>(number)];
    if (positive == 0 || positive == static_cast<double>(rows.rows())) {
      own.assign(static_cast<std::size_t>(rows.width) + 1, 0);
      own.back() = positive == 0 ? -30 : 30;
      return;
    }
    own = train_weights(nodes, rows.width, targets, L2R_LR, cost);
  });
  if (is_mirrored) {
    for (const double weight : weights[0]) weights[1].push_back(-weight);
  }
  return weights;
}

}  // namespace

LinearClassifier::LinearClassifier(const SparseRows& rows, std::span<const std::int32_t> ids,
                                   std::int32_t classes, double cost)
    : classes_(classes),
      weights_(one_against_rest(rows, classes, cost, true, [&](std::int64_t row, std::int64_t number) {
        return ids[static_cast<std::size_t>(row)] == number;
      })) {}

LinearClassifier::LinearClassifier(const SparseRows& rows, std::span<const float> targets,
                                   std::int32_t classes, double cost)
    : classes_(classes),
      weights_(one_against_rest(rows, classes, cost, false, [&](std::int64_t row, std::int64_t number) {
        return targets[static_cast<std::size_t>(row * classes + number)] > 0.5F;
      })) {}

std::vector<double> LinearClassifier::probabilities(const SparseRows& rows) const {
  std::vector<double> all;
  all.reserve(static_cast<std::size_t>(rows.rows()) * weights_.size());
  for (std::int64_t row = 0; row < rows.rows(); ++row)
    for (const std::vector<double>& weights : weights_)
      all.push_back(1 / (1 + std::exp(-product(rows, row, weights))));
  return all;
}

LinearRegression::LinearRegression(const SparseRows& rows, std::span<const float> numbers, double cost) {
  mean_ = std::accumulate(numbers.begin(), numbers.end(), 0.0) /
          static_cast<double>(std::max<std::size_t>(1, numbers.size()));
  std::vector<double> targets;
  for (const float number : numbers) targets.push_back(double{number} - mean_);
  Nodes nodes(rows);
  weights_ = train_weights(nodes, rows.width, targets, L2R_L2LOSS_SVR, cost);
}

std::vector<double> LinearRegression::predict(const SparseRows& rows) const {
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < rows.rows(); ++row)
    numbers.push_back(mean_ + product(rows, row, weights_));
  return numbers;
}

}  // namespace bertune::insight
