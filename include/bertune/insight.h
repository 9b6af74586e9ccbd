// Functions on the predictions of a run, without its model: a report, a temperature for its scores, a
// comparison.
//
// The functions read predictions.json and predictions.safetensors, which fine_tune() and the program's
// `evaluate` leave (docs/report.md). All throw Error where a folder has none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bertune/export.h"

namespace bertune {

// Writes report.html and report.json into the folder of a run.
BERTUNE_EXPORT void write_report(const std::filesystem::path& run);

struct CalibrateOptions {
  std::filesystem::path model;
  std::filesystem::path predictions =
      {};             // a folder with those of held-out rows; empty: the validation rows of the model
  bool fold = false;  // into the weights, so that other programs give the same scores; else into bertune.json
};

struct CalibrateResult {
  double temperature = 1, low = 1, high = 1;  // by which logits are divided; its 95% interval
  std::int64_t rows = 0;                      // that it was fitted on
  double loss_before = 0, loss_after = 0;     // mean negative log likelihood of these rows
  double error_before = 0, error_after = 0;   // expected calibration error
  double error_expected = 0;                  // of a model without fault on as many rows
};

// Fits the temperature of a model of classes, several labels, tags or choices. Throws Error for others.
BERTUNE_EXPORT CalibrateResult calibrate(const CalibrateOptions& options);

struct CompareOptions {
  std::string metric = {};   // empty: the main one of the task
  std::string set = "test";  // or "validation"
  bool common_rows = false;  // compare runs of different rows on those that they share
  std::int64_t resamples = 10'000;
  std::uint64_t seed = 42;
};

// The second run against the first, on the same rows.
struct RunDifference {
  std::string first, second;                         // folders
  std::int64_t first_runs = 1, second_runs = 1;      // seeds of train_seeds() in each
  double first_value = 0, second_value = 0;          // of several seeds the mean
  double first_deviation = 0, second_deviation = 0;  // over the seeds
  double difference = 0, low = 0, high = 0;          // second - first; 95% interval, of rows and seeds
  // The rows that one alone gets right, where rows are right or wrong.
  std::optional<std::int64_t> only_first = {}, only_second = {};
  double p_value = 1;              // McNemar's mid-p, a paired permutation's, or of seeds Student's t
  double adjusted = 1;             // by Holm, of all pairs
  double smallest_difference = 0;  // that so many rows would show in four of five cases
};

// Returns each pair of the runs; a folder of train_seeds() stands for all its runs. Throws UsageError for
// fewer than two, for an unknown metric or set, and for a single run beside several seeds, and Error for runs
// of different tasks or rows.
BERTUNE_EXPORT std::vector<RunDifference> compare_runs(std::span<const std::filesystem::path> runs,
                                                       const CompareOptions& options = {});

}  // namespace bertune
