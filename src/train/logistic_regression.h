// Logistic regression on dense features: of classes (one softmax over all) and of several labels (each
// against the rest), with an L2 penalty on the weights and none on the biases, as scikit-learn's
// LogisticRegression has it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bertune::train {

// Rows of features with what is right for them.
struct LabelledFeatures {
  std::span<const float> values = {};  // [rows, width]
  std::int64_t width = 0;
  std::int64_t outputs = 0;                // labels
  std::span<const std::int32_t> ids = {};  // [rows] in [0, outputs): classes; empty: several labels
  std::span<const float> targets = {};     // [rows, outputs] of 0 and 1

  std::int64_t rows() const { return width > 0 ? static_cast<std::int64_t>(values.size()) / width : 0; }
};

struct LogisticRegression {
  std::int64_t width = 0, outputs = 0;
  std::vector<float> weight = {}, bias = {};  // [outputs, width], [outputs]

  // Returns [rows, outputs].
  std::vector<float> logits(std::span<const float> features) const;
};

// Minimizes ½ |weight|² + cost · (sum of the rows' losses) by L-BFGS, in double; the same rows give the same
// numbers with any number of threads. `outputs` may hold classes without rows.
LogisticRegression fit_logistic_regression(const LabelledFeatures& features, double cost);

// Returns the sum of the rows' losses.
double loss_of(const LogisticRegression& model, const LabelledFeatures& features);

}  // namespace bertune::train
