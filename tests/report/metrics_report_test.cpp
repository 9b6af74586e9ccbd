#include "report/metrics_report.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "insight/results/statistics.h"

namespace bertune::report::metrics_report_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Rows of (true class, predicted class).
Metrics classified(std::vector<std::string> labels, const std::vector<std::pair<int, int>>& rows) {
  const std::size_t count = labels.size();
  MetricsAccumulator metrics(ProblemType::single_label_classification, std::move(labels));
  for (const auto& [truth, predicted] : rows) {
    std::vector<float> logits(count);
    logits[static_cast<std::size_t>(predicted)] = 3;
    metrics.add(logits, truth);
  }
  return metrics.result();
}

std::vector<std::pair<int, int>> repeated(std::initializer_list<std::array<int, 3>> counts) {
  std::vector<std::pair<int, int>> rows;
  for (const auto& [truth, predicted, times] : counts)
    rows.insert(rows.end(), static_cast<std::size_t>(times), {truth, predicted});
  return rows;
}

Metrics many_classes(int count) {
  std::vector<std::string> labels;
  std::vector<std::pair<int, int>> rows;
  for (int i = 0; i < count; ++i) {
    labels.push_back("a_rather_long_label_name_number_" + std::to_string(i));
    for (int j = 0; j < 10; ++j) rows.emplace_back(i, j < i % 7 ? (i + 1) % count : i);
  }
  return classified(labels, rows);
}

std::ptrdiff_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(WilsonInterval, EqualsKnownValues) {
  const insight::Interval interval = insight::wilson(187, 200);
  EXPECT_NEAR(interval.low, 0.8919809207009312, 1e-12);
  EXPECT_NEAR(interval.high, 0.961623645350847, 1e-12);
  EXPECT_EQ(insight::wilson(0, 0).low, 0);
  EXPECT_EQ(insight::wilson(0, 0).high, 1);
  EXPECT_NEAR(insight::wilson(0, 10).low, 0, 1e-12);
  EXPECT_NEAR(insight::wilson(0, 10).high, 0.2775, 1e-4);
  EXPECT_NEAR(insight::wilson(10, 10).high, 1, 1e-12);
  EXPECT_LE(insight::wilson(10, 10).high, 1);
}

TEST(MetricsReport, OfTwoClasses) {
  const Metrics metrics =
      classified({"negative", "positive"}, repeated({{0, 0, 95}, {0, 1, 5}, {1, 0, 8}, {1, 1, 92}}));
  const std::string text = metrics_report(metrics);
  EXPECT_THAT(text, StartsWith("accuracy 93.5% (95% interval 89.2–96.2, 200 rows)\n"));
  EXPECT_THAT(text, HasSubstr("\n  f1                    0.9340\n"));
  EXPECT_THAT(text, HasSubstr("\n  label     precision  recall     F1  support\n"));
  EXPECT_THAT(text, HasSubstr("\n  positive      0.948   0.920  0.934      100\n"));
  EXPECT_THAT(text, HasSubstr("\n            negative  positive\n  negative        95         5\n"));
  EXPECT_THAT(metrics_line(metrics), HasSubstr("  accuracy 93.5% (95% interval 89.2–96.2, 200 rows)"));
}

TEST(MetricsReport, MarksTheClassesInTrouble) {
  const Metrics metrics = classified({"a", "b", "c", "unused"}, repeated({{0, 0, 9}, {0, 2, 1}, {1, 0, 5}}));
  const std::string text = metrics_report(metrics);
  EXPECT_THAT(text, HasSubstr("never predicted"));
  EXPECT_THAT(text, HasSubstr("predicted, but not in the data"));
  EXPECT_THAT(text, HasSubstr("1 of the model's labels is neither in the data nor predicted"));
  EXPECT_THAT(text, Not(HasSubstr("unused")));
}

TEST(MetricsReport, NumbersTheColumnsThatDoNotFit) {
  const std::string text = metrics_report(many_classes(12));
  EXPECT_THAT(text, HasSubstr("   0  1  2"));
  EXPECT_THAT(text, HasSubstr("11 a_rather…mber_11"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 100) << line;
  MetricsReportOptions narrow;
  narrow.width = 50;
  EXPECT_THAT(metrics_report(many_classes(12), narrow), HasSubstr("Most frequent confusions"));
}

TEST(MetricsReport, StaysShortWithManyClasses) {
  const std::string text = metrics_report(many_classes(77));
  EXPECT_THAT(text, HasSubstr("The 10 classes of 77 with the lowest F1"));
  EXPECT_THAT(text, HasSubstr("→ a_rather_long_…ame_number_21: 6\n"));
  EXPECT_THAT(text, HasSubstr("  and 51 more pairs\n"));
  EXPECT_LE(lines_of(text), 45);
}

TEST(MetricsReport, OfARegressionIsItsNumbers) {
  MetricsAccumulator metrics(ProblemType::regression, {"score"});
  for (const float value : {1.0F, 2.0F, 4.0F}) {
    metrics.add(std::vector{value + 1}, std::span<const float>(std::vector{value}));
  }
  EXPECT_EQ(metrics_report(metrics.result()),
            "3 rows\n  loss       1.0000\n  mse        1.0000\n  rmse       1.0000\n  mae        1.0000\n"
            "  pearson    1.0000\n  spearmanr  1.0000\n");
  EXPECT_EQ(metrics_line(metrics.result()),
            "loss 1.0000  mae 1.0000  pearson 1.0000  spearmanr 1.0000  (3 rows)");
}

TEST(MetricsReport, OfSeveralLabelsHasNoMatrix) {
  MetricsAccumulator metrics(ProblemType::multi_label_classification, {"joy", "anger", "fear"});
  metrics.add(std::vector<float>{2, -2, 1}, std::vector<float>{1, 0, 0});
  metrics.add(std::vector<float>{2, -2, -1}, std::vector<float>{1, 1, 0});
  const std::string text = metrics_report(metrics.result());
  EXPECT_THAT(text, HasSubstr("a row is right when all its labels are"));
  EXPECT_THAT(text, HasSubstr("anger"));
  EXPECT_THAT(text, Not(HasSubstr("Confusion")));
}

TEST(MetricsReport, OfNothingIsShort) {
  const std::string text = metrics_report(classified({"a", "b"}, {}));
  EXPECT_THAT(text, StartsWith("accuracy 0.0% (95% interval 0.0–100.0, 0 rows)\n"));
  EXPECT_THAT(text, Not(HasSubstr("Classes")));
}

TEST(MetricsReport, LabelsCannotCommandTheTerminal) {
  const std::string text = metrics_report(classified({"\x1b[2Ja", "b"}, {{0, 0}, {1, 0}}));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace bertune::report::metrics_report_test
