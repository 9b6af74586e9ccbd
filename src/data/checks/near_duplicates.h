// Finds rows whose texts are nearly equal: MinHash signatures of shingles, locality-sensitive hashing for
// candidates (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3), and the
// exact Jaccard similarity of each candidate, so that nothing is reported by chance.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/texts/texts.h"

namespace bertune::data {

// Two texts are nearly equal from this share of common shingles on.
inline constexpr double kNearlyEqual = 0.8;

// The rows of a set that are compared. The first set is that of training.
struct NearSet {
  Texts texts;
  std::vector<bool> compared;  // [rows]: false where the row repeats another one exactly
};

// The nearest rows that were found for a row; -1: there is none.
struct NearRow {
  std::int64_t earlier = -1;  // of its own set, and before it
  std::int64_t trained = -1;  // of the first set, for rows of others
};

// Returns the near rows of each row of each set. Shingles are five characters; three words where texts are
// long on average. Texts of fewer than 16 shingles are not compared: a letter makes too much of a difference.
// Of many rows that are nearly equal to one another each is compared with a few.
// Time is linear in the characters of all texts; memory is about 160 bytes per row.
std::vector<std::vector<NearRow>> near_duplicates(std::span<const NearSet> sets);

}  // namespace bertune::data
