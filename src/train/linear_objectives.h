// The objectives that logistic regression minimizes (train/logistic_regression.h), of dense and of sparse
// rows.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "train/lbfgs.h"
#include "train/logistic_regression.h"

namespace bertune::train {

// Replaces the logits of a row [outputs] by their loss's gradient; returns the loss.
double loss_of_row(const LabelledFeatures& features, std::size_t row, std::span<double> logits);

// The objective of dense rows as a function of the weights [outputs, width] with the biases [outputs] behind
// them.
class DenseObjective final : public Objective {
 public:
  // The features must stay.
  DenseObjective(const LabelledFeatures& features, double cost);
  std::size_t size() const override { return outputs_ * (width_ + 1); }
  At operator()(const std::vector<double>& point, std::vector<double>& gradient) const override;

 private:
  double add_rows(const std::vector<double>& point, std::size_t begin, std::size_t end,
                  std::vector<double>& gradient) const;

  const LabelledFeatures& features_;
  double cost_;
  std::size_t width_, outputs_;
};

// The same of sparse rows, which have far more columns than there are rows. The best weights are sums of the
// rows: the point has the factors of these sums [outputs, rows], what they add to the logits of each row
// [outputs, rows], and the biases [outputs]. Steps are those in the weights, with far fewer numbers.
class SparseObjective final : public Objective {
 public:
  // The features must stay.
  SparseObjective(const LabelledFeatures& features, double cost);
  std::size_t size() const override { return 2 * factors_ + outputs_; }
  At operator()(const std::vector<double>& point, std::vector<double>& gradient) const override;
  // The weights of points are sums of the rows: their products are those of factors and logits.
  double dot(const std::vector<double>& a, const std::vector<double>& b) const override;

  // Returns the weights [width] of a label.
  std::vector<double> weights_of(const std::vector<double>& point, std::size_t label) const;

 private:
  double add_losses(const std::vector<double>& point, std::vector<double>& gradient) const;
  double finish(const std::vector<double>& point, std::size_t label, std::vector<double>& gradient) const;

  const LabelledFeatures& features_;
  double cost_;
  std::size_t rows_, outputs_, factors_;
};

}  // namespace bertune::train
