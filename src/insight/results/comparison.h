// Honest comparison of runs on the same rows: a difference with its interval, what it could be by chance, and
// the rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "insight/results/outcomes.h"
#include "insight/results/prediction_table.h"
#include "insight/results/statistics.h"

namespace bertune::insight {

struct ComparisonOptions {
  std::string metric = {};  // empty: the first that the rows have
  std::string set = "test";
  bool common_rows = false;  // runs of different rows are compared on those that they share
  ResamplingOptions resampling = {};
};

// A run to compare: its name for a person, and its table. `others`: those of the same settings with further
// seeds.
struct ComparedRun {
  std::string name = {};
  PredictionTable table = {};
  std::vector<PredictionTable> others = {};
};

// The run in a folder, or the runs of several seeds (seed_group.h). Throws Error as read_predictions does.
ComparedRun read_compared(const std::filesystem::path& folder);

// A row that only one of two runs gets right.
struct DisputedRow {
  std::string where = {}, text = {}, text_pair = {};
  std::string right = {};               // what is right
  std::string first = {}, second = {};  // what the runs say
  bool first_is_right = false;
};

// The second run against the first.
struct Comparison {
  std::string first = {}, second = {};
  std::int64_t first_runs = 1, second_runs = 1;      // seeds
  double first_value = 0, second_value = 0;          // of several seeds the mean
  double first_deviation = 0, second_deviation = 0;  // over the seeds (n - 1)
  Estimate difference = {};                          // second - first
  // The rows that one alone gets right (of several seeds: most of them), where rows are right or wrong.
  std::optional<std::int64_t> only_first = {}, only_second = {};
  double p_value = 1;                // McNemar's mid-p, a paired permutation's, or of seeds Student's t
  std::optional<double> exact = {};  // McNemar's exact test
  double adjusted = 1;               // by Holm, where there are several comparisons
  // The smallest true difference that a test of so many rows would show in four of five cases.
  double smallest = 0;
  std::vector<DisputedRow> rows = {};
};

struct Comparisons {
  std::string metric = {};
  bool greater_is_better = true;
  std::int64_t rows = 0;  // that are compared
  std::int64_t resamples = 0;
  std::int64_t left_out = 0;  // of rows of any run that not all have
  std::vector<Comparison> pairs =
      {};  // of each later run with the first, and of each with each where there are three or more
};

// Pairs rows by the hash of their texts, and of equal texts by their order. Throws Error for runs of
// different tasks, labels or rows; the latter says how many they share. Throws UsageError for a metric or a
// set that there is not, and for a single run beside the runs of several seeds.
Comparisons compare(const std::vector<ComparedRun>& runs, const ComparisonOptions& options = {});

Json to_json(const Comparisons& comparisons);

}  // namespace bertune::insight
