#include "insight/results/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "insight/table_maker.h"
#include "tasks/trained_settings.h"

namespace bertune::insight {
namespace {

using testing::form_of_classes;
using testing::MadeRow;
using testing::table_of;

// Rows whose true labels are drawn from the softmax of logits, which are then multiplied: the temperature is
// the factor.
std::vector<MadeRow> overconfident(std::size_t rows, double factor, std::uint64_t seed) {
  Random random(seed, 1);
  std::vector<MadeRow> made;
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<double> logits = {random.normal(), random.normal(), random.normal()};
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit);
    double rest = random.uniform() * sum;
    std::size_t label = 0;
    while (label < 2 && (rest -= std::exp(logits[label])) > 0) ++label;
    MadeRow& row = made.emplace_back();
    for (const double logit : logits) row.logits.push_back(static_cast<float>(factor * logit));
    row.truth = {static_cast<float>(label)};
  }
  return made;
}

TEST(Calibration, TemperatureIsFound) {
  const PredictionTable table = table_of(form_of_classes({"a", "b", "c"}), overconfident(4000, 2.5, 5));
  const Temperature fitted = fit_temperature(table, table.sets[0]);
  EXPECT_NEAR(fitted.value, 2.5, 0.2);
  EXPECT_LT(fitted.interval.low, 2.5);
  EXPECT_GT(fitted.interval.high, 2.5);
  EXPECT_LT(fitted.loss_after, fitted.loss_before);
  // Nothing near it is better.
  for (const double other : {0.999, 1.001}) {
    double loss = 0;
    for (const ClassResult& one : class_results(table, table.sets[0], other * fitted.value))
      loss -= std::log(one.truth);
    EXPECT_GT(loss / 4000, fitted.loss_after);
  }
}

TEST(Calibration, ATemperatureStaysInItsRangeWhereAllRowsAreRight) {
  const PredictionTable table = table_of(form_of_classes({"a", "b"}), {{{2, 0}, {0}}, {{0, 3}, {1}}});
  EXPECT_NEAR(fit_temperature(table, table.sets[0]).value, 0.01, 1e-4);
  const PredictionTable wrong = table_of(form_of_classes({"a", "b"}), {{{2, 0}, {1}}, {{0, 3}, {0}}});
  EXPECT_NEAR(fit_temperature(wrong, wrong.sets[0]).value, 100, 1e-3);
}

TEST(Calibration, TemperatureOfSeveralLabels) {
  Random random(9, 1);
  std::vector<MadeRow> rows;
  for (int i = 0; i < 3000; ++i) {
    MadeRow& row = rows.emplace_back();
    for (int label = 0; label < 2; ++label) {
      const double logit = 1.5 * random.normal();
      row.truth.push_back(random.uniform() < 1 / (1 + std::exp(-logit)) ? 1 : 0);
      row.logits.push_back(static_cast<float>(0.5 * logit));
    }
  }
  tasks::RecordForm form = form_of_classes({"a", "b"});
  form.outcome = tasks::Outcome::labels;
  const PredictionTable table = table_of(form, rows);
  EXPECT_NEAR(fit_temperature(table, table.sets[0]).value, 0.5, 0.05);
}

TEST(Calibration, ErrorOfKnownClaims) {
  // Bins [0.6, 0.667) and [0.8, 0.867): 2 claims of 0.65 with one right, 2 of 0.85 with none.
  const std::vector<Claim> claims = {{0.65, true}, {0.65, false}, {0.85, false}, {0.85, false}};
  EXPECT_NEAR(calibration_error(claims), 0.5 * 0.15 + 0.5 * 0.85, 1e-12);
  EXPECT_NEAR(brier_score(claims), (0.35 * 0.35 + 0.65 * 0.65 + 2 * 0.85 * 0.85) / 4, 1e-12);
  const std::vector<ClaimGroup> groups = claim_groups(claims, 2);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].right, 1);
  EXPECT_NEAR(groups[1].claimed, 0.85, 1e-12);
}

// A model that is calibrated shows an error by chance, and the more the fewer the rows (measured: .036 at
// 200, .012 at 2,000 for claims like these).
TEST(Calibration, ExpectedErrorOfAPerfectModel) {
  Random random(4, 1);
  std::vector<Claim> claims(2000);
  for (Claim& claim : claims) claim.probability = 0.5 + 0.5 * std::sqrt(random.uniform());
  const ExpectedError many = expected_calibration_error(claims);
  const ExpectedError few = expected_calibration_error(std::span(claims).first(200));
  EXPECT_GT(few.mean, 2 * many.mean);
  EXPECT_GT(many.high, many.mean);
  EXPECT_LT(many.mean, 0.03);
  EXPECT_EQ(expected_calibration_error(claims).mean, many.mean);
}

TEST(Calibration, WhatIsAnsweredWhenItMayAbstain) {
  // Of ten rows the least sure two are wrong.
  std::vector<ClassResult> results;
  for (int i = 0; i < 10; ++i)
    results.push_back({.label = i < 2 ? 1 : 0, .predicted = 0, .confidence = 0.5 + 0.04 * i});
  const std::vector<double> shares = {1, 0.8};
  const std::vector<Abstention> lines = abstentions(results, results, shares);
  EXPECT_EQ(lines[0].answered, 10);
  EXPECT_EQ(lines[0].right, 8);
  EXPECT_EQ(lines[1].answered, 8);
  EXPECT_EQ(lines[1].right, 8);
  EXPECT_NEAR(lines[1].threshold, 0.58, 1e-12);
  EXPECT_NEAR(lines[1].at_least, std::pow(0.05, 1.0 / 8), 1e-10);
  EXPECT_NEAR(area_under_risk(results), (1.0 / 9 + 2.0 / 10) / 10, 1e-12);
}

TEST(Calibration, AFoldedTemperatureIsNotAppliedAgain) {
  EXPECT_EQ(tasks::temperature_of(Json::parse(R"({"calibration": {"temperature": 2.0}})")), 2);
  EXPECT_EQ(tasks::temperature_of(Json::parse(R"({"calibration": {"temperature": 2.0, "folded": true}})")),
            1);
  EXPECT_EQ(tasks::temperature_of(Json::object()), 1);
}

}  // namespace
}  // namespace bertune::insight
