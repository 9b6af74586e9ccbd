// Logistic regression on dense or sparse features: of classes (one softmax over all) and of several labels
// (each against the rest), with an L2 penalty on the weights and none on the biases, as scikit-learn's
// LogisticRegression has it. Ridge regression of numbers is the same with squared errors as losses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace bertune::train {

// Rows of features with what is right for them.
struct LabelledFeatures {
  std::span<const float> values = {};  // [rows, width]; of sparse rows those that are not zero
  std::int64_t width = 0;
  std::int64_t outputs = 0;                    // labels
  std::span<const std::int32_t> ids = {};      // [rows] in [0, outputs): classes; empty: `targets`
  std::span<const float> targets = {};         // [rows, outputs]: of 0 and 1, or numbers
  bool are_numbers = false;                    // the targets
  std::span<const std::int32_t> columns = {};  // of sparse rows: where in the row each of the values is
  std::span<const std::size_t> begins = {};    // of sparse rows [rows + 1]: where in `values` each begins

  bool is_sparse() const { return !begins.empty(); }
  std::int64_t rows() const {
    if (is_sparse()) return static_cast<std::int64_t>(begins.size()) - 1;
    return width > 0 ? static_cast<std::int64_t>(values.size()) / width : 0;
  }
};

struct LogisticRegression {
  std::int64_t width = 0, outputs = 0;
  std::vector<float> weight = {}, bias = {};  // [outputs, width], [outputs]

  // Return [rows, outputs].
  std::vector<float> logits(std::span<const float> features) const;
  std::vector<float> logits(const LabelledFeatures& rows) const;
};

// Minimizes ½ |weight|² + cost · (sum of the rows' losses) by L-BFGS, in double; the same rows give the same
// numbers with any number of threads. `outputs` may hold classes without rows. Ends when no part of the
// gradient is above `tolerance` (default: 1e-4 · max(1, cost) · √rows), after 500 steps at most, and 100 of
// sparse rows.
LogisticRegression fit_logistic_regression(const LabelledFeatures& features, double cost,
                                           std::optional<double> tolerance = {});

// Returns the sum of the rows' losses.
double loss_of(const LogisticRegression& model, const LabelledFeatures& features);

}  // namespace bertune::train
