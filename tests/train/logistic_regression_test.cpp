// Logistic regression beside scikit-learn 1.9.1 (LogisticRegression(C=2, tol=1e-10)).
#include "train/logistic_regression.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace bertune::train {
namespace {

constexpr std::array kFeatures = {0.5F, -1.0F,  1.5F,  0.25F, -0.75F, 0.5F,  0.25F,
                                  1.0F, -1.25F, -0.5F, 1.0F,  -0.25F, -0.5F, 0.75F};
constexpr std::array<std::int32_t, 7> kClasses = {0, 0, 1, 2, 1, 0, 2};

void expect_near(const std::vector<float>& found, const std::vector<double>& right, double tolerance) {
  ASSERT_EQ(found.size(), right.size());
  for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(double{found[i]}, right[i], tolerance) << i;
}

TEST(LogisticRegression, HasTheClassesOfScikitLearn) {
  const LogisticRegression model =
      fit_logistic_regression({.values = kFeatures, .width = 2, .outputs = 3, .ids = kClasses}, 2);
  expect_near(model.weight, {1.22798535, -0.83860054, -1.15976604, -0.26546367, -0.06821931, 1.10406421},
              1e-3);
  expect_near(model.bias, {0.23047953, -0.08232685, -0.14815268}, 1e-3);
  expect_near(model.logits(std::span(kFeatures).first(4)),
              {1.68307274, -0.3967462, -1.28632655, 1.86280742, -1.88834182, 0.0255344}, 2e-3);
}

// Each of several labels is a problem of its own: here once as it is, and once turned round.
TEST(LogisticRegression, HasTheLabelsOfScikitLearn) {
  const std::array<float, 14> targets = {1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0};
  const LogisticRegression model =
      fit_logistic_regression({.values = kFeatures, .width = 2, .outputs = 2, .targets = targets}, 2);
  expect_near(model.weight, {0.74994529, 0.51783524, -0.74994529, -0.51783524}, 1e-3);
  expect_near(model.bias, {0.18134302, -0.18134302}, 1e-3);
}

TEST(LogisticRegression, LossIsTheMeanOfGuessingWithoutWeights) {
  const LogisticRegression model{
      .width = 2, .outputs = 3, .weight = std::vector<float>(6), .bias = {0, 0, 0}};
  EXPECT_NEAR(loss_of(model, {.values = kFeatures, .width = 2, .outputs = 3, .ids = kClasses}),
              7 * std::log(3.0), 1e-6);
}

TEST(LogisticRegression, DoesNotPredictAClassWithoutRows) {
  const LogisticRegression model =
      fit_logistic_regression({.values = kFeatures, .width = 2, .outputs = 4, .ids = kClasses}, 2);
  const std::vector<float> logits = model.logits(kFeatures);
  for (std::size_t row = 0; row < 7; ++row) {
    const auto own = std::span(logits).subspan(4 * row, 4);
    EXPECT_LT(own[3], std::ranges::max(own.first(3)));
  }
}

}  // namespace
}  // namespace bertune::train
