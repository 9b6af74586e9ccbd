// The folds of k-fold cross-validation.
#pragma once

#include <cstdint>
#include <vector>

#include "data/splits/split.h"

namespace bertune::data {

// Returns the fold of each row, from 0: the rows of every class are dealt evenly (stratified), and so are all
// rows; rows with the same texts are in one fold. Classes are as in stratified_split. Depends on rows, count
// and seed only. Throws UsageError for a count below 2 and for more folds than there are different texts.
std::vector<std::int64_t> fold_of_rows(const Texts& texts, std::int64_t count, std::uint64_t seed);

// The rows of one of them, and the others; a fold that is given has the rows that its file says. Notes a
// class that is not in all of them, and, where they are given, texts that are in several. Throws UsageError
// for a given fold without rows.
Split fold_split(const Texts& texts, const Fold& fold, std::uint64_t seed);

}  // namespace bertune::data
