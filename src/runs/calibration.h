// Calibrates a trained model from its predictions on held-out rows, without running it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "insight/results/calibration.h"

namespace bertune::runs {

struct CalibrationOptions {
  std::filesystem::path model;
  std::filesystem::path predictions =
      {};             // a folder with those of rows that no training saw; empty: the model's
  bool fold = false;  // into the weights, so that other programs give the same scores
};

struct Calibrated {
  insight::Temperature temperature = {};
  std::string set, path = {};                // the rows it was fitted on
  double error_before = 0, error_after = 0;  // expected calibration error, on these rows
  insight::ExpectedError expected = {};      // of a perfect model
  std::int64_t claims = 0;
  // The rows that are answered at which confidence: limits of these rows, judged on the test rows where there
  // are such.
  std::vector<insight::Abstention> abstentions = {};
  std::string judged_on = {};  // "test", or the set itself
  bool folded = false;
  std::optional<double> threshold = {};  // of labels, as it is now
};

// Fits the temperature and keeps it in the model's bertune.json, or in its weights. Throws Error for models
// without classes, and where there are no predictions of held-out rows.
Calibrated calibrate(const CalibrationOptions& options);

Json to_json(const Calibrated& calibrated);

}  // namespace bertune::runs
