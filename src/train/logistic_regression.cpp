#include "train/logistic_regression.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "train/lbfgs.h"
#include "train/linear_objectives.h"

namespace bertune::train {
namespace {

LogisticRegression fit_dense(const LabelledFeatures& features, double cost, double tolerance) {
  constexpr int kMostSteps = 500;
  const std::vector<double> point = minimize(DenseObjective(features, cost), tolerance, kMostSteps);
  const auto weights = static_cast<std::size_t>(features.width * features.outputs);
  LogisticRegression model{.width = features.width, .outputs = features.outputs};
  for (std::size_t i = 0; i < point.size(); ++i)
    (i < weights ? model.weight : model.bias).push_back(static_cast<float>(point[i]));
  return model;
}

LogisticRegression fit_sparse(const LabelledFeatures& features, double cost, double tolerance) {
  constexpr int kMostSteps = 100;  // as of scikit-learn
  const SparseObjective objective(features, cost);
  const std::vector<double> point = minimize(objective, tolerance, kMostSteps);
  LogisticRegression model{.width = features.width, .outputs = features.outputs};
  for (std::size_t label = 0; label < static_cast<std::size_t>(features.outputs); ++label) {
    for (const double weight : objective.weights_of(point, label))
      model.weight.push_back(static_cast<float>(weight));
  }
  for (auto bias = point.end() - features.outputs; bias != point.end(); ++bias)
    model.bias.push_back(static_cast<float>(*bias));
  return model;
}

// Calls use(column, value) for each feature of a row that may not be zero.
template <typename Use>
void for_each_feature(const LabelledFeatures& rows, std::size_t row, const Use& use) {
  if (!rows.is_sparse()) {
    const auto columns = static_cast<std::size_t>(rows.width);
    for (std::size_t i = 0; i < columns; ++i) use(i, double{rows.values[row * columns + i]});
    return;
  }
  for (std::size_t i = rows.begins[row]; i < rows.begins[row + 1]; ++i)
    use(static_cast<std::size_t>(rows.columns[i]), double{rows.values[i]});
}

}  // namespace

std::vector<float> LogisticRegression::logits(std::span<const float> features) const {
  return logits({.values = features, .width = width});
}

std::vector<float> LogisticRegression::logits(const LabelledFeatures& rows) const {
  const auto columns = static_cast<std::size_t>(width);
  std::vector<float> result(static_cast<std::size_t>(rows.rows()) * bias.size());
  parallel_for(rows.rows(), [&](std::int64_t number) {
    const auto row = static_cast<std::size_t>(number);
    for (std::size_t label = 0; label < bias.size(); ++label) {
      double sum = double{bias[label]};
      for_each_feature(rows, row, [&](std::size_t column, double value) {
        sum += double{weight[label * columns + column]} * value;
      });
      result[row * bias.size() + label] = static_cast<float>(sum);
    }
  });
  return result;
}

LogisticRegression fit_logistic_regression(const LabelledFeatures& features, double cost,
                                           std::optional<double> tolerance) {
  constexpr double kTolerance = 1e-4;  // of the gradient, for a mean over the rows
  const double rows = static_cast<double>(std::max<std::int64_t>(1, features.rows())),
               steepest = tolerance.value_or(kTolerance * std::max(1.0, cost) * std::sqrt(rows));
  return features.is_sparse() ? fit_sparse(features, cost, steepest) : fit_dense(features, cost, steepest);
}

double loss_of(const LogisticRegression& model, const LabelledFeatures& features) {
  const std::vector<float> logits = model.logits(features);
  const auto outputs = static_cast<std::size_t>(features.outputs);
  double loss = 0;
  std::vector<double> row(outputs);
  for (std::size_t i = 0; i < logits.size(); i += outputs) {
    std::copy_n(logits.begin() + static_cast<std::ptrdiff_t>(i), outputs, row.begin());
    loss += loss_of_row(features, i / outputs, row);
  }
  return loss;
}

}  // namespace bertune::train
