// Measures of whether a model's probabilities can be believed: temperature, calibration error, and what it
// answers when it may abstain.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "insight/results/outcomes.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

// A temperature, by which logits are divided (Guo et al. 2017): the one with the least loss on held-out rows.
struct Temperature {
  double value = 1;
  Interval interval = {
      1, 1};  // where the loss of all rows is within 1.92 of the least (profile likelihood, 95%)
  double loss_before = 0, loss_after = 0;  // mean negative log likelihood
  std::int64_t rows = 0;                   // positions
};

// Fits it by Newton's method on 1 / T, in which the loss is convex, halving an interval where a step would
// leave it. Rows that are all right with any margin have no such T: it stays within [0.01, 100]. Throws Error
// for kinds without probabilities, and for a set without rows.
Temperature fit_temperature(const PredictionTable& table, const PredictedSet& set);

// A probability that was claimed, and whether it came true.
struct Claim {
  double probability = 0;
  bool right = false;
};

// The claims of a set: of classes one for each prediction, of labels one for each label and row.
std::vector<Claim> claims_of(const PredictionTable& table, const PredictedSet& set, double temperature = 1);

// The expected calibration error of equal bins: the mean distance of claimed probability and share that was
// right.
double calibration_error(std::span<const Claim> claims, std::int64_t bins = 15);

// The calibration error that claims would show if they were all true: few rows show one by chance alone. The
// mean and the 95th percentile of simulations.
struct ExpectedError {
  double mean = 0, high = 0;
};
ExpectedError expected_calibration_error(std::span<const Claim> claims, std::int64_t bins = 15,
                                         std::int64_t simulations = 200, std::uint64_t seed = 42);

double brier_score(std::span<const Claim> claims);  // mean squared distance

// Claims of about equal number, from the least sure on.
struct ClaimGroup {
  std::int64_t rows = 0, right = 0;
  double claimed = 0;      // mean
  Interval interval = {};  // of the share that is right
};
std::vector<ClaimGroup> claim_groups(std::span<const Claim> claims, std::int64_t groups);

// Answers with at least a confidence. The limit is chosen on some rows, and judged on others.
struct Abstention {
  double share = 0;      // that was to be answered
  double threshold = 0;  // confidence
  std::int64_t rows = 0, answered = 0, right = 0;
  double at_least = 0;  // the accuracy among the answered with 95% confidence (lower bound)
};

// A line for each share. Only for one class a row (classes and choices).
std::vector<Abstention> abstentions(std::span<const ClassResult> chosen_on,
                                    std::span<const ClassResult> judged_on, std::span<const double> shares);

// The area under the risk of the most confident c rows over c (AURC): less is better.
double area_under_risk(std::span<const ClassResult> results);

}  // namespace bertune::insight
