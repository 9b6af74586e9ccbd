// Linear models that learn labeled rows, and judge others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "insight/data/sparse.h"
#include "tasks/record.h"
#include "tasks/text_classification/read.h"

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

// Returns the logits [asked, width] of a model that has learned the rows `learned`, whose numbers are `rows`.
std::vector<double> logits_of(const Targets& targets, const SparseRows& learned, const SparseRows& asked,
                              std::span<const std::int64_t> rows);

// The rows that a fold's model learns, and those that it is asked.
struct Sides {
  std::vector<std::int64_t> learned, asked;
};
std::vector<Sides> sides_of(const std::vector<std::int64_t>& fold_of, std::int64_t folds);

}  // namespace bertune::insight
