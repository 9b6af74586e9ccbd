// Readings of the prediction table: what was predicted, how sure the model was, and the numbers that metrics
// are made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "insight/results/prediction_table.h"
#include "insight/results/statistics.h"

namespace bertune::insight {

// A metric of rows, by the names of the result files.
struct RowMetric {
  std::string name = {};  // "accuracy", "f1", "mae", ...
  bool greater_is_better = true;
  bool is_share = false;  // of rows that are right: 0 or 1 a row
  Contributions rows = {};
};

// Returns the metrics that rows have, the one that a person is told first: of classes accuracy and f1_macro;
// of labels f1_micro and accuracy (all labels right); of numbers mae, rmse and pearson; of tags f1 (of
// entities) and accuracy; of answers f1 and exact_match; of choices and partners accuracy; of cosines pearson
// and mae. All from 0 to 1, but for errors.
std::vector<RowMetric> metrics_of(const PredictionTable& table, const PredictedSet& set);

// The prediction of a position that has classes: the most probable, its probability, and whether it is right.
struct ClassResult {
  std::int64_t label = 0, predicted = 0;
  double confidence = 0;  // of the prediction
  double truth = 0;       // probability of the right class
  bool right() const { return label == predicted; }
};

// A result a row of classes or choices, a word of tags. Logits are divided by the temperature first. Throws
// Error for other kinds.
std::vector<ClassResult> class_results(const PredictionTable& table, const PredictedSet& set,
                                       double temperature = 1);

// The probability of a label of labels, [positions, width].
std::vector<double> label_probabilities(const PredictedSet& set, double temperature = 1);

// The number of times that a class, a label or a type of entity was there, was predicted, and was both.
struct LabelCounts {
  std::string label = {};
  std::int64_t support = 0, predicted = 0, correct = 0;
};
// Empty for kinds without labels.
std::vector<LabelCounts> label_counts(const PredictionTable& table, const PredictedSet& set);

// Returns what each row adds to the metric that baselines have: 1 where its class is right, or the square of
// its error; [rows of the set]. Empty for other kinds, and where the table has not all rows of the set.
std::vector<double> values_of_rows(const PredictionTable& table, const PredictedSet& set);

bool has_classes(tasks::Outcome outcome);     // classes, choices and tags
bool has_confidence(tasks::Outcome outcome);  // these, and labels

}  // namespace bertune::insight
