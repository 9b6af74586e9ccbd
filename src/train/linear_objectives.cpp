#include "train/linear_objectives.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"

namespace bertune::train {
namespace {

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

double squared_loss(std::span<double> numbers, std::span<const float> targets) {
  double loss = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double error = numbers[i] - double{targets[i]};
    loss += error * error;
    numbers[i] = 2 * error;
  }
  return loss;
}

double largest_of(double largest, double number) { return std::max(largest, std::abs(number)); }

// Blocks of rows: their borders do not depend on threads, and their number keeps partial sums small.
struct RowBlocks {
  explicit RowBlocks(std::int64_t all_rows) : rows(all_rows) {}
  std::int64_t count() const { return block_count(rows, size); }

  // Calls use(block, begin, end) for all, on several threads.
  template <typename Use>
  void for_each(const Use& use) const {
    parallel_for(count(), [&](std::int64_t block) {
      use(static_cast<std::size_t>(block), static_cast<std::size_t>(block * size),
          static_cast<std::size_t>(std::min(rows, (block + 1) * size)));
    });
  }

  static constexpr std::int64_t kFewestRows = 128, kMostBlocks = 64;
  std::int64_t rows, size = std::max(kFewestRows, block_count(rows, kMostBlocks));
};

}  // namespace

double loss_of_row(const LabelledFeatures& features, std::size_t row, std::span<double> logits) {
  if (!features.ids.empty()) return softmax_loss(logits, static_cast<std::size_t>(features.ids[row]));
  const std::span<const float> targets = features.targets.subspan(row * logits.size(), logits.size());
  return features.are_numbers ? squared_loss(logits, targets) : logistic_loss(logits, targets);
}

DenseObjective::DenseObjective(const LabelledFeatures& features, double cost)
    : features_(features),
      cost_(cost),
      width_(static_cast<std::size_t>(features.width)),
      outputs_(static_cast<std::size_t>(features.outputs)) {}

Objective::At DenseObjective::operator()(const std::vector<double>& point,
                                         std::vector<double>& gradient) const {
  const RowBlocks blocks(features_.rows());
  std::vector<std::vector<double>> gradients(static_cast<std::size_t>(blocks.count()));
  std::vector<double> losses(gradients.size());
  blocks.for_each([&](std::size_t block, std::size_t begin, std::size_t end) {
    gradients[block].resize(size());
    losses[block] = add_rows(point, begin, end, gradients[block]);
  });
  gradient.assign(size(), 0);
  double loss = 0, penalty = 0, steepest = 0;
  for (std::size_t block = 0; block < losses.size(); ++block) {
    loss += losses[block];
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += cost_ * gradients[block][i];
  }
  for (std::size_t i = 0; i < outputs_ * width_; ++i) {
    penalty += point[i] * point[i] / 2;
    gradient[i] += point[i];
  }
  for (const double part : gradient) steepest = largest_of(steepest, part);
  return {penalty + cost_ * loss, steepest};
}

double DenseObjective::add_rows(const std::vector<double>& point, std::size_t begin, std::size_t end,
                                std::vector<double>& gradient) const {
  std::vector<double> logits(outputs_);
  double loss = 0;
  for (std::size_t row = begin; row < end; ++row) {
    const std::span<const float> x = features_.values.subspan(row * width_, width_);
    for (std::size_t label = 0; label < outputs_; ++label) {
      const double* weight = point.data() + label * width_;
      double sum = point[outputs_ * width_ + label];
      for (std::size_t i = 0; i < x.size(); ++i) sum += weight[i] * double{x[i]};
      logits[label] = sum;
    }
    loss += loss_of_row(features_, row, logits);
    for (std::size_t label = 0; label < outputs_; ++label) {
      double* own = gradient.data() + label * width_;
      for (std::size_t i = 0; i < x.size(); ++i) own[i] += logits[label] * double{x[i]};
      gradient[outputs_ * width_ + label] += logits[label];
    }
  }
  return loss;
}

SparseObjective::SparseObjective(const LabelledFeatures& features, double cost)
    : features_(features),
      cost_(cost),
      rows_(static_cast<std::size_t>(features.rows())),
      outputs_(static_cast<std::size_t>(features.outputs)),
      factors_(rows_ * outputs_) {}

double SparseObjective::dot(const std::vector<double>& a, const std::vector<double>& b) const {
  double sum = 0;
  for (std::size_t i = 0; i < factors_; ++i) sum += a[i] * b[factors_ + i];
  for (std::size_t i = 2 * factors_; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Objective::At SparseObjective::operator()(const std::vector<double>& point,
                                          std::vector<double>& gradient) const {
  gradient.resize(size());
  const double loss = add_losses(point, gradient);
  std::vector<double> steepest(outputs_);
  parallel_for(features_.outputs, [&](std::int64_t label) {
    steepest[static_cast<std::size_t>(label)] = finish(point, static_cast<std::size_t>(label), gradient);
  });
  double penalty = 0;
  for (std::size_t i = 0; i < factors_; ++i) penalty += point[i] * point[factors_ + i] / 2;
  return {penalty + cost_ * loss, std::ranges::max(steepest)};
}

std::vector<double> SparseObjective::weights_of(const std::vector<double>& point, std::size_t label) const {
  std::vector<double> weights(static_cast<std::size_t>(features_.width));
  for (std::size_t row = 0; row < rows_; ++row) {
    const double factor = point[label * rows_ + row];
    for (std::size_t i = features_.begins[row]; i < features_.begins[row + 1]; ++i)
      weights[static_cast<std::size_t>(features_.columns[i])] += factor * double{features_.values[i]};
  }
  return weights;
}

// Writes the losses' gradients in the place of the factors, and returns the sum of the losses.
double SparseObjective::add_losses(const std::vector<double>& point, std::vector<double>& gradient) const {
  const RowBlocks blocks(features_.rows());
  std::vector<double> losses(static_cast<std::size_t>(blocks.count()));
  blocks.for_each([&](std::size_t block, std::size_t begin, std::size_t end) {
    std::vector<double> logits(outputs_);
    for (std::size_t row = begin; row < end; ++row) {
      for (std::size_t label = 0; label < outputs_; ++label)
        logits[label] = point[2 * factors_ + label] + point[factors_ + label * rows_ + row];
      losses[block] += loss_of_row(features_, row, logits);
      for (std::size_t label = 0; label < outputs_; ++label)
        gradient[label * rows_ + row] = cost_ * logits[label];
    }
  });
  double loss = 0;
  for (const double part : losses) loss += part;
  return loss;
}

// Makes the rest of a label's gradient from that of its losses; returns its largest part.
double SparseObjective::finish(const std::vector<double>& point, std::size_t label,
                               std::vector<double>& gradient) const {
  double bias = 0, steepest = 0;
  for (std::size_t i = label * rows_; i < (label + 1) * rows_; ++i) {
    bias += gradient[i];
    gradient[i] += point[i];
  }
  gradient[2 * factors_ + label] = bias;
  const std::vector<double> weights = weights_of(gradient, label);
  for (std::size_t row = 0; row < rows_; ++row) {
    double sum = 0;
    for (std::size_t i = features_.begins[row]; i < features_.begins[row + 1]; ++i)
      sum += weights[static_cast<std::size_t>(features_.columns[i])] * double{features_.values[i]};
    gradient[factors_ + label * rows_ + row] = sum;
  }
  for (const double part : weights) steepest = largest_of(steepest, part);
  return largest_of(steepest, bias);
}

}  // namespace bertune::train
