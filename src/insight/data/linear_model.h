// Linear models on sparse features, trained by LIBLINEAR (Fan et al. 2008): logistic regression for classes,
// one against the rest, and ridge regression for numbers. The same rows give the same model.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "insight/data/sparse.h"

namespace bertune::insight {

class LinearClassifier {
 public:
  // Trains on rows with class ids in [0, classes), each class against the rest; a class without rows is never
  // predicted. `cost`: the weight of the loss, scikit-learn's C.
  LinearClassifier(const SparseRows& rows, std::span<const std::int32_t> ids, std::int32_t classes,
                   double cost = 10);
  // The same for rows that have any number of classes: targets [rows, classes] of 0 and 1.
  LinearClassifier(const SparseRows& rows, std::span<const float> targets, std::int32_t classes,
                   double cost = 10);

  // Returns the probability of each class against the rest [rows, classes]; those of a row do not sum up to
  // one.
  std::vector<double> probabilities(const SparseRows& rows) const;

 private:
  std::int32_t classes_;
  std::vector<std::vector<double>> weights_;  // [classes][width + 1], the last of the constant
};

class LinearRegression {
 public:
  LinearRegression(const SparseRows& rows, std::span<const float> numbers, double cost = 1);
  std::vector<double> predict(const SparseRows& rows) const;

 private:
  double mean_ = 0;
  std::vector<double> weights_;
};

}  // namespace bertune::insight
