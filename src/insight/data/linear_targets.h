// Linear models that learn labeled rows, and judge others: logistic regression of classes and labels,
// ridge regression of numbers (scikit-learn's, alpha = 0.5).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tasks/record.h"
#include "tasks/text_classification/read.h"
#include "train/logistic_regression.h"

namespace bertune::insight {

// The targets of a linear model: classes, several labels or numbers.
struct Targets {
  tasks::Outcome outcome = tasks::Outcome::classes;
  std::int32_t width = 1;
  std::span<const std::int32_t> ids = {};  // [rows]
  std::span<const float> values = {};      // [rows, width]
};

// The targets of the rows to train on, which must stay.
Targets targets_of(const tasks::text_classification::LabelledSets& sets);

// Rows that a model of sparse features learns from at most, an even sample of larger sets: 50,000, and fewer
// of more than 80 classes.
std::int64_t most_learned(const Targets& targets);

// Returns the logits (or numbers) [asked, width] of a model that has learned the rows `learned`, whose
// numbers are `rows`. Classes that none of them has are never the best. `cost`: scikit-learn's C of classes
// and labels.
std::vector<float> logits_of(const Targets& targets, const train::LabelledFeatures& learned,
                             const train::LabelledFeatures& asked, std::span<const std::int64_t> rows,
                             double cost = 10);

// The rows that a fold's model learns, and those that it is asked.
struct Sides {
  std::vector<std::int64_t> learned, asked;
};
std::vector<Sides> sides_of(const std::vector<std::int64_t>& fold_of, std::int64_t folds);

}  // namespace bertune::insight
