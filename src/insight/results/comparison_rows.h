// The rows of runs that are compared: which all have, and which only one gets right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "insight/results/comparison.h"
#include "insight/results/outcomes.h"

namespace bertune::insight {

// One run of a side: its rows that all runs have, in the order of the first run, and their metric.
struct Voice {
  const PredictionTable* table;
  const PredictedSet* set;
  std::vector<std::size_t> rows = {};
  RowMetric metric = {};
};

// A side of a comparison: a run, or a run for each of several seeds.
struct Side {
  std::string name = {};
  std::vector<Voice> voices = {};
};

// Sides with the rows that all their runs have, matched by the hash of their texts, of equal texts by their
// order, and by what is right. `left_out`: rows that the largest run has besides. Throws UsageError for a set
// that a run does not have.
struct MatchedRows {
  std::vector<Side> sides = {};
  std::int64_t left_out = 0;
};
MatchedRows match_rows(const std::vector<ComparedRun>& runs, const std::string& set);

// The rows that most runs of one side alone get right, and their number for each side.
void count_disputed(const Side& first, const Side& second, Comparison& result);

}  // namespace bertune::insight
