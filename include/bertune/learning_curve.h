// Would more labels help: the learning curve of a data set, and a forecast of what twice the rows would
// bring.
//
//     const bertune::LearningCurve curve = bertune::learning_curve({.train = "train.csv", .model = "model"});
//     if (curve.twice.holds) std::cout << curve.twice.gain << '\n';
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "bertune/dataset.h"
#include "bertune/export.h"

namespace bertune {

struct CurveOptions {
  std::filesystem::path train;
  std::filesystem::path model;      // a folder: its encoder makes features, and is not trained
  std::filesystem::path test = {};  // labeled rows to measure on; empty: a fifth of `train` at a time
  FileOptions data = {};
  std::string problem_type = {};                // empty: by the labels
  std::optional<std::int64_t> max_length = {};  // tokens per text; unset: 128
  std::int64_t repetitions = 10;                // draws of rows for each point
  std::uint64_t seed = 42;
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};  // in texts read; may be empty
  std::stop_token stop = {};
};

// A score over some training rows: its mean over the repetitions, and 95% interval by bootstrap over
// repetitions and measured rows.
struct CurvePoint {
  std::int64_t rows = 0;
  double score = 0, low = 0, high = 0;
};

// The error a · n^-b + c of a model that learned n rows.
struct PowerLaw {
  double a = 0, b = 1, c = 0;
  BERTUNE_EXPORT double operator()(double rows) const;
};

// The gain in score that `rows` rows would bring over that of all that there are, with a 95% interval; from 0
// to 1.
struct CurveForecast {
  std::int64_t rows = 0;
  double score = 0;  // that is expected then
  double gain = 0, low = 0, high = 0;
  bool holds = false;  // whether the interval holds a gain: it begins above a tenth of a point
};

struct LearningCurve {
  std::string metric;  // accuracy; of several labels the mean F1 of a row's labels (f1_samples)
  std::int64_t train_rows = 0, measured_rows = 0, repetitions = 0;
  std::vector<CurvePoint> points;  // ascending, the last of all rows
  PowerLaw fit;                    // of the error, 1 - score
  CurveForecast twice;
};

// Reads the files, and measures a linear classifier on frozen features (Method::frozen) with 12.5% to 100% of
// the rows. Takes seconds to a minute. Throws as fine_tune does, and UsageError for numbers, for other tasks
// and for too few rows.
BERTUNE_EXPORT LearningCurve learning_curve(const CurveOptions& options);

// The scores of measured rows of one repetition at each size, in the order of `rows` of fit_curve.
using CurveOutcomes = std::vector<std::vector<double>>;  // [sizes][measured rows], each from 0 to 1

// Fits a curve to scores of any models: `rows` [sizes] ascending, and for each repetition the outcomes of
// each size on the same measured rows. Throws UsageError for fewer than three sizes and outcomes that do not
// fit.
BERTUNE_EXPORT LearningCurve fit_curve(std::span<const std::int64_t> rows,
                                       std::span<const CurveOutcomes> repetitions, std::uint64_t seed = 42);

}  // namespace bertune
