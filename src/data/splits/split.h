// Holds out a validation set where the user gave none, or one fold after another for cross-validation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/texts/texts.h"

namespace bertune::data {

struct Split {
  std::vector<std::int64_t> train, validation;  // row numbers, ascending
  std::vector<std::string> notes;               // what a person should know; mostly none
};

struct GivenFolds;

// One of `count` parts of a set, from 0. None when `count` is 0.
struct Fold {
  std::int64_t number = 0, count = 0;
  std::shared_ptr<const GivenFolds> given = {};  // null: rows are dealt to them
};

// A share of every class, at least one row of each class that has two different texts; a class never leaves
// the training side. Rows with the same texts stay on one side. Depends on rows, share and seed only. Labels
// with many distinct values (regression) count as one class, and so do rows without labels. With a fold, that
// is held out (folds.h) instead of a share.
Split stratified_split(const Texts& texts, double validation_share = 0.1, std::uint64_t seed = 42,
                       const Fold& fold = {});

}  // namespace bertune::data
