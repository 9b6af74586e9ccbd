// Metrics of predictions: plain functions over them, in constant memory per row (no logits are kept).
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
  // The metrics to show if there is room for one line: "accuracy" comes with its confidence interval. `note`
  // is a remark about it for a person.
  std::vector<std::string> headline = {"accuracy"};
  std::string note;
  // The metrics by name, in the order to print; result files put "eval_" or "test_" before the names.
  // Classes: loss, accuracy, f1 (two classes only: that of the class with id 1), f1_macro, f1_weighted,
  // precision_macro, recall_macro, matthews_correlation. Multi-label: loss, accuracy (all labels right),
  // f1_micro, f1_macro, precision_micro, recall_micro, and best_f1_micro with best_threshold, the whole
  // percentage that gives it. Regression: loss, mse, rmse, mae, pearson, spearmanr (of several outputs: the
  // mean of theirs). Other tasks: as their own headers say. All are 0 without rows. A correlation is 0 where
  // it is undefined because one side is constant (scipy: NaN), so that a collapsed model compares as worse
  // instead of not at all.
  std::vector<std::pair<std::string, double>> values;
  std::vector<ClassMetrics> classes;    // empty for regression
  std::vector<std::int64_t> confusion;  // [true, predicted], classes only; empty above kMaxConfusionClasses

  // Returns the metric of this name, with or without "eval_" or "test_". Throws Error, naming the existing
  // ones, for an unknown name.
  double value(const std::string& name) const;
};

inline constexpr std::size_t kMaxConfusionClasses = 2048;  // 32 MiB

// Return the metric that picks the best model by default, and whether more of it is better (less is, for
// losses, errors and perplexity).
BERTUNE_EXPORT std::string default_metric(ProblemType type);
BERTUNE_EXPORT bool greater_is_better(const std::string& metric);

// Returns the probabilities of one row's logits [num_labels]: softmax, or sigmoid per label; for regression,
// the values themselves.
BERTUNE_EXPORT std::vector<double> probabilities(ProblemType type, std::span<const float> logits);

// Adds the metrics of classes except the loss, from the counts in metrics.classes and metrics.rows.
BERTUNE_EXPORT void add_class_values(Metrics& metrics);

class BERTUNE_EXPORT MetricsAccumulator {
 public:
  // Makes an empty accumulator; it is used by one thread at a time. `threshold`: a label of multi-label
  // classification is predicted if its probability is above it.
  MetricsAccumulator(ProblemType type, std::vector<std::string> id2label, double threshold = 0.5);

  // Adds one row: its logits [num_labels] and its label (a class id; -100 is left out) or targets
  // [num_labels]. Throws Error for sizes or a class id that do not fit, or for the other kind of label.
  void add(std::span<const float> logits, std::int32_t label);
  void add(std::span<const float> logits, std::span<const float> targets);
  // Returns the metrics of the rows added so far.
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
  std::vector<std::int64_t> support_, predicted_, correct_;  // per label
  std::vector<float> outputs_, targets_;                     // regression: [rows, num_labels]
  // Multi-label: how many labels have a probability in (i %, i + 1 %], and how many of them are true.
  std::vector<std::int64_t> probability_counts_, true_counts_;
};

}  // namespace bertune
