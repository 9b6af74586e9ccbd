// How good predictions are: plain functions over predictions, in constant memory a row (no logits are kept).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/export.h"

namespace bertune {

struct ClassMetrics {
  std::string label;
  std::int64_t support = 0;    // rows of this class
  std::int64_t predicted = 0;  // rows given this class
  std::int64_t correct = 0;
  double precision = 0, recall = 0, f1 = 0;  // 0 where undefined, as scikit-learn's zero_division=0
};

struct BERTUNE_EXPORT Metrics {
  std::int64_t rows = 0;     // counted ones: those with a label
  std::string unit = "row";  // what a row is to a person
  // What a line has room for: "accuracy" comes with its interval. `note` says what there is to know about it.
  std::vector<std::string> headline = {"accuracy"};
  std::string note;
  // In the order to print, under the names that follow "eval_" or "test_" in result files. Classes: loss,
  // accuracy, f1 (two classes only: of the class with id 1), f1_macro, f1_weighted, precision_macro,
  // recall_macro, matthews_correlation. Multi-label: loss, accuracy (all labels right), f1_micro, f1_macro,
  // precision_micro, recall_micro, and best_f1_micro with best_threshold, the
  // whole per cent that gives it. Regression: loss, mse, rmse, mae, pearson, spearmanr (of several outputs:
  // the mean of theirs). All are 0 without rows, and a correlation is 0 where it is undefined because one
  // side is constant (scipy says NaN), so that a collapsed model compares as worse instead of as nothing.
  // Other tasks: as their own headers say.
  std::vector<std::pair<std::string, double>> values;
  std::vector<ClassMetrics> classes;    // empty for regression
  std::vector<std::int64_t> confusion;  // [true, predicted], classes only; empty above kMaxConfusionClasses

  // By name, with or without "eval_" or "test_". Throws Error, naming the ones there are.
  double value(const std::string& name) const;
};

inline constexpr std::size_t kMaxConfusionClasses = 2048;  // 32 MiB

// The metric that picks the best model when none is asked for, and whether more is better (of losses, errors
// and perplexity, less is).
BERTUNE_EXPORT std::string default_metric(ProblemType type);
BERTUNE_EXPORT bool greater_is_better(const std::string& metric);

// softmax, or element-wise sigmoid; the values themselves for a regression.
BERTUNE_EXPORT std::vector<double> probabilities(ProblemType type, std::span<const float> logits);

// Adds the values of classes but for the loss, from the counts in metrics.classes and metrics.rows.
BERTUNE_EXPORT void add_class_values(Metrics& metrics);

class BERTUNE_EXPORT MetricsAccumulator {
 public:
  // `threshold`: a label of several is predicted where its probability is above it.
  MetricsAccumulator(ProblemType type, std::vector<std::string> id2label, double threshold = 0.5);

  // One row: its logits [num_labels] and its label (class id; -100 is left out) or targets [num_labels].
  // Throws Error for sizes or a class id that do not fit, or for the other kind of label.
  void add(std::span<const float> logits, std::int32_t label);
  void add(std::span<const float> logits, std::span<const float> targets);
  Metrics result() const;

 private:
  void add_labels(std::span<const float> logits, std::span<const float> targets);
  void add_numbers(std::span<const float> logits, std::span<const float> targets);
  void check_logits(std::span<const float> logits) const;

  ProblemType type_;
  std::vector<std::string> id2label_;
  double threshold_;
  double loss_sum_ = 0;  // of the rows' own losses, so that the mean does not depend on batches
  std::int64_t rows_ = 0, exact_ = 0;
  std::vector<std::int64_t> confusion_;                      // classes: [true, predicted]
  std::vector<std::int64_t> support_, predicted_, correct_;  // a label
  std::vector<float> outputs_, targets_;                     // regression: [rows, num_labels]
  // Multi-label: how many labels have a probability in (i %, i + 1 %], and how many of them are true.
  std::vector<std::int64_t> probability_counts_, true_counts_;
};

}  // namespace bertune
