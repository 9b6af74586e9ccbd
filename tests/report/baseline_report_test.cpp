#include "report/baseline_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bertune::report {
namespace {

using ::testing::HasSubstr;

Baselines classes() {
  Baselines baselines;
  baselines.task = "text-classification", baselines.metric = "accuracy", baselines.set = "test",
  baselines.rows = 500;
  baselines.baselines = {{"majority", 0.18, {}, {}, 0}, {"tfidf_linear", 0.884, {}, {}, 0.25}};
  return baselines;
}

TEST(BaselineReport, ShowsEachMethod) {
  const std::string text = baseline_table(classes());
  EXPECT_THAT(text, HasSubstr("Baselines: accuracy on 500 test rows\n"));
  EXPECT_THAT(text, HasSubstr("The most frequent label"));
  EXPECT_THAT(text, HasSubstr("88.4%"));
}

TEST(BaselineReport, SaysHowMuchBetterAModelIs) {
  EXPECT_EQ(beside_line(classes(), {1, 0.962, PairedDifference{0.078, 0.05, 0.106}}),
            "TF-IDF with a linear model: accuracy 88.4%; this model is better by 7.8 points (95% interval "
            "5.0 to 10.6)");
  EXPECT_EQ(beside_line(classes(), {1, 0.886, PairedDifference{0.002, -0.02, 0.024}}),
            "TF-IDF with a linear model: accuracy 88.4%; this model is better by 0.2 points (95% interval "
            "-2.0 to 2.4), "
            "which may be chance");
  EXPECT_THAT(beside_line(classes(), {1, 0.80, {}}), HasSubstr("is worse by 8.4 points"));
}

TEST(BaselineReport, OfErrorsLessIsBetter) {
  Baselines numbers = classes();
  numbers.metric = "mse";
  numbers.baselines = {{"mean", 2, {}, {}, 0}};
  EXPECT_THAT(beside_line(numbers, {0, 0.5, PairedDifference{-1.5, -1.75, -1.25}}),
              HasSubstr("mse 2.0000; this model is better by 1.5000 (95% interval 1.2500 to 1.7500)"));
}

}  // namespace
}  // namespace bertune::report
