// Learning curves: the law that is fitted, the forecast, and when there is none.
#include "bertune/learning_curve.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>

#include "bertune/error.h"
#include "insight/data/learning_curve.h"
#include "insight/data/power_law.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"
#include "tasks/text_classification/examples.h"

namespace bertune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

std::vector<insight::CurveError> errors_of(const PowerLaw& law) {
  std::vector<insight::CurveError> errors;
  for (const double rows : {100.0, 200.0, 400.0, 800.0}) errors.push_back({rows, law(rows)});
  return errors;
}

TEST(PowerLaw, IsFoundAgain) {
  for (const PowerLaw& law : {PowerLaw{2, 0.5, 0.1}, PowerLaw{1.5, 0.3, 0}, PowerLaw{5, 0.9, 0.05}}) {
    const PowerLaw found = insight::fit_power_law(errors_of(law));
    EXPECT_NEAR(found(1600), law(1600), 1e-3);
    EXPECT_NEAR(found.b, law.b, 0.05);
  }
}

TEST(PowerLaw, DoesNotFallBelowZeroNorRise) {
  const std::vector<insight::CurveError> rising = {{100, 0.1}, {200, 0.2}, {400, 0.3}},
                                         falling = {{100, 0.3}, {200, 0.1}, {400, 0.001}};
  const PowerLaw flat = insight::fit_power_law(rising), steep = insight::fit_power_law(falling);
  EXPECT_EQ(flat.a, 0);
  EXPECT_NEAR(flat(400), (0.1 * 100 + 0.2 * 200 + 0.3 * 400) / 700, 1e-9);  // large sizes weigh more
  EXPECT_GE(steep.c, 0);
  EXPECT_GE(steep(1e9), 0);
}

// Rows that are right with the probability that a law says.
std::vector<CurveOutcomes> outcomes_of(const PowerLaw& law, std::span<const std::int64_t> rows) {
  std::mt19937 engine(7);
  std::uniform_real_distribution<double> uniform;
  std::vector<CurveOutcomes> repetitions(8);
  for (CurveOutcomes& one : repetitions) {
    one.resize(rows.size());
    for (int i = 0; i < 300; ++i) {
      const double hardness = uniform(engine);  // of the row, whatever has been learned
      for (std::size_t size = 0; size < rows.size(); ++size)
        one[size].push_back(hardness < 1 - law(static_cast<double>(rows[size])) ? 1 : 0);
    }
  }
  return repetitions;
}

constexpr std::array<std::int64_t, 4> kRows = {100, 200, 400, 800};

TEST(LearningCurve, ForecastsWhatTwiceTheRowsBring) {
  const PowerLaw law{4, 0.5, 0.05};
  const LearningCurve curve = fit_curve(kRows, outcomes_of(law, kRows));
  EXPECT_TRUE(curve.twice.holds);
  EXPECT_EQ(curve.twice.rows, 1600);
  EXPECT_NEAR(curve.twice.gain, law(800) - law(1600), 0.015);
  EXPECT_LT(curve.twice.low, curve.twice.gain);
  EXPECT_GT(curve.twice.high, curve.twice.gain);
  EXPECT_NEAR(curve.twice.score, 1 - law(1600), 0.03);
  ASSERT_EQ(curve.points.size(), 4U);
  for (const CurvePoint& point : curve.points) {
    EXPECT_LT(point.low, point.score);
    EXPECT_GT(point.high, point.score);
  }
}

// All rows are one draw, however often it is repeated: a lucky one does not lift the forecast as ten would.
TEST(LearningCurve, OneDrawCountsAsOne) {
  const PowerLaw law{4, 0.5, 0.05};
  std::vector<CurveOutcomes> outcomes = outcomes_of(law, kRows);
  for (CurveOutcomes& one : outcomes) one[3].assign(300, 1);
  for (CurveOutcomes& one : outcomes) std::fill_n(one[3].begin(), 6, 0);  // 98%, where the law says 81%
  const LearningCurve lucky = fit_curve(kRows, outcomes);
  EXPECT_LT(lucky.twice.score, 0.92);
  outcomes[0][3][299] = 0;  // another draw
  EXPECT_GT(fit_curve(kRows, outcomes).twice.score, lucky.twice.score + 0.03);
  EXPECT_LT(lucky.points[3].low, 0.98 - 0.02);  // its chance is that of a draw
}

TEST(LearningCurve, HasNoForecastWhereNothingIsLearned) {
  const LearningCurve curve = fit_curve(kRows, outcomes_of({0, 1, 0.3}, kRows));
  EXPECT_FALSE(curve.twice.holds);
  EXPECT_LT(curve.twice.low, 0.001);
}

TEST(LearningCurve, RefusesOutcomesThatDoNotFit) {
  const std::vector<CurveOutcomes> one = {{{1, 0}, {1, 0}}};
  EXPECT_THAT(message_of<UsageError>([&] { fit_curve(std::span(kRows).first(2), one); }),
              HasSubstr("at least three sizes; there are 2"));
  EXPECT_THAT(message_of<UsageError>([&] { fit_curve(kRows, one); }), HasSubstr("the same measured rows"));
}

class CurveOfFile : public ::testing::Test {
 protected:
  CurveOfFile() {
    testing::write_tiny_checkpoint(files_.path() / "model");
    files_.write("train.csv", testing::tiny_dataset(120));
    files_.write("test.csv", testing::tiny_dataset(50, 200));
  }
  testing::TemporaryDirectory files_;
};

TEST_F(CurveOfFile, MeasuresFifthsOrTheTestFile) {
  const LearningCurve fifths = learning_curve(
      {.train = files_.path() / "train.csv", .model = files_.path() / "model", .repetitions = 5});
  EXPECT_EQ(fifths.metric, "accuracy");
  EXPECT_EQ(fifths.train_rows, 96);
  EXPECT_EQ(fifths.measured_rows, 24);
  EXPECT_EQ(fifths.points.size(), 7U);
  EXPECT_GT(fifths.points.back().score, fifths.points.front().score);
  const LearningCurve tested = learning_curve({.train = files_.path() / "train.csv",
                                               .model = files_.path() / "model",
                                               .test = files_.path() / "test.csv",
                                               .repetitions = 3});
  EXPECT_EQ(tested.train_rows, 120);
  EXPECT_EQ(tested.measured_rows, 50);
  const Json json = insight::to_json(tested);
  EXPECT_EQ(json.at("points").size(), 7U);
  EXPECT_EQ(json.at("twice").at("rows"), 240);
}

TEST_F(CurveOfFile, RefusesWhatHasNoCurve) {
  files_.write("few.csv", testing::tiny_dataset(30));
  files_.write("numbers.csv", "text,label\na good film,0.5\nbad food,1.25\n");
  const auto refusal = [&](const char* file, const std::string& problem_type = "") {
    return message_of<UsageError>([&] {
      learning_curve(
          {.train = files_.path() / file, .model = files_.path() / "model", .problem_type = problem_type});
    });
  };
  EXPECT_THAT(refusal("few.csv"), HasSubstr("needs at least 64 rows to train on; there are 24"));
  EXPECT_THAT(refusal("numbers.csv", "regression"), HasSubstr("the labels are numbers"));
}

TEST(StratifiedOrder, BeginsWithEachClassInItsShare) {
  tasks::TextClassificationExamples texts;
  texts.num_labels = 2;
  for (int i = 0; i < 90; ++i) texts.labels.push_back(i < 60 ? 0 : 1);
  std::vector<std::int64_t> rows(90);
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  const std::vector<std::int64_t> order = insight::stratified_order(texts, rows, 1);
  for (const std::size_t size : {9U, 30U, 60U}) {
    const auto first = std::span(order).first(size);
    const auto of_first_class = std::ranges::count_if(first, [](std::int64_t row) { return row < 60; });
    EXPECT_NEAR(static_cast<double>(of_first_class), 2.0 / 3 * static_cast<double>(size), 2) << size;
  }
}

}  // namespace
}  // namespace bertune
