// Logistic regression beside scikit-learn 1.9.1 (LogisticRegression(C=2, tol=1e-10)).
#include "train/logistic_regression.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "bertune/threads.h"

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

// The same rows without their zeros, of which the last two columns consist.
struct SparseFeatures {
  SparseFeatures() {
    for (std::size_t i = 0; i < kFeatures.size(); ++i) {
      columns.push_back(static_cast<std::int32_t>(i % 2));
      if (i % 2 == 1) begins.push_back(i + 1);
    }
  }
  LabelledFeatures view() const {
    return {.values = kFeatures, .width = 4, .columns = columns, .begins = begins};
  }
  std::vector<std::int32_t> columns;
  std::vector<std::size_t> begins = {0};
};

TEST(LogisticRegression, HasTheSameOfSparseRows) {
  const SparseFeatures sparse;
  LabelledFeatures features = sparse.view();
  features.outputs = 3, features.ids = kClasses;
  const LogisticRegression model = fit_logistic_regression(features, 2);
  expect_near(model.weight,
              {1.22798535, -0.83860054, 0, 0, -1.15976604, -0.26546367, 0, 0, -0.06821931, 1.10406421, 0, 0},
              1e-3);
  expect_near(model.bias, {0.23047953, -0.08232685, -0.14815268}, 1e-3);
  const std::vector<float> logits = model.logits(sparse.view());
  ASSERT_EQ(logits.size(), 21U);
  expect_near({logits.begin(), logits.begin() + 6},
              {1.68307274, -0.3967462, -1.28632655, 1.86280742, -1.88834182, 0.0255344}, 2e-3);
}

TEST(LogisticRegression, OfSparseRowsDoesNotDependOnThreads) {
  std::vector<float> values;
  std::vector<std::int32_t> columns, ids;
  std::vector<std::size_t> begins = {0};
  for (std::int32_t row = 0; row < 1000; ++row) {
    for (std::int32_t i = 0; i < 5; ++i) {
      columns.push_back(i * 50 + (row * (i + 7)) % 50);
      values.push_back(0.1F * static_cast<float>(1 + (row + i) % 7));
    }
    begins.push_back(columns.size());
    ids.push_back((row / 3) % 5);
  }
  const LabelledFeatures features{
      .values = values, .width = 250, .outputs = 5, .ids = ids, .columns = columns, .begins = begins};
  const int before = num_threads();
  set_num_threads(1);
  const LogisticRegression one = fit_logistic_regression(features, 10, 10);
  set_num_threads(3);
  const LogisticRegression other = fit_logistic_regression(features, 10, 10);
  set_num_threads(before);
  EXPECT_EQ(one.weight, other.weight);
  EXPECT_EQ(one.bias, other.bias);
}

// The minimum of w² / 2 + C Σ (w x + b - y)² has w = Σ x y / (Σ x² + 1 / 2C) around the means.
TEST(LogisticRegression, OfNumbersIsRidgeRegression) {
  const std::array<float, 4> x = {1, 1, 2, 2}, y = {1, 1.5, 3, 3.5};
  const std::array<std::int32_t, 4> columns = {0, 0, 0, 0};
  const std::array<std::size_t, 5> begins = {0, 1, 2, 3, 4};
  const double weight = 2 / (1 + 1 / (2 * 0.5)), bias = 2.25 - 1.5 * weight;
  LabelledFeatures features{.values = x, .width = 1, .outputs = 1, .targets = y, .are_numbers = true};
  const LogisticRegression dense = fit_logistic_regression(features, 0.5, 1e-6);
  features.columns = columns, features.begins = begins;
  const LogisticRegression sparse = fit_logistic_regression(features, 0.5, 1e-6);
  for (const LogisticRegression& model : {dense, sparse}) {
    EXPECT_NEAR(double{model.weight[0]}, weight, 1e-5);
    EXPECT_NEAR(double{model.bias[0]}, bias, 1e-5);
  }
}

}  // namespace
}  // namespace bertune::train
