#include "bertune/metrics.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "bertune/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/random.h"

namespace bertune::tasks {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto kClasses = ProblemType::single_label_classification;
constexpr auto kLabels = ProblemType::multi_label_classification;
constexpr auto kNumbers = ProblemType::regression;

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back("label " + std::to_string(i));
  return result;
}

MetricsAccumulator regression() { return {kNumbers, {"score"}}; }

void add(MetricsAccumulator& metrics, std::vector<float> logits, std::int32_t label) {
  metrics.add(logits, label);
}

void add(MetricsAccumulator& metrics, std::vector<float> logits, std::vector<float> targets) {
  metrics.add(logits, std::span<const float>(targets));
}

Metrics metrics_of(const Json& test) {
  const auto logits = test.at("logits").get<std::vector<std::vector<float>>>();
  MetricsAccumulator metrics(problem_type_from_string(test.at("type").get<std::string>()),
                             names(logits[0].size()), test.value("threshold", 0.5));
  for (std::size_t row = 0; row < logits.size(); ++row) {
    const Json& label = test.at("labels")[row];
    if (label.is_array()) {
      add(metrics, logits[row], label.get<std::vector<float>>());
    } else {
      add(metrics, logits[row], label.get<std::int32_t>());
    }
  }
  return metrics.result();
}

void expect_equal(const Metrics& metrics, const Json& test) {
  EXPECT_EQ(metrics.rows, test.at("rows").get<std::int64_t>());
  // best_f1_micro and best_threshold have a test of their own.
  const bool several_labels =
      std::ranges::any_of(metrics.values, [](const auto& value) { return value.first == "best_threshold"; });
  EXPECT_EQ(metrics.values.size() - (several_labels ? 2 : 0), test.at("values").size());
  for (const auto& [name, expected] : test.at("values").items()) {
    EXPECT_NEAR(metrics.value(name), expected.get<double>(), 1e-12 * (1 + std::abs(expected.get<double>())))
        << name;
  }
  if (metrics.headline.front() != "accuracy") {
    EXPECT_THAT(metrics.classes, IsEmpty());
    return;
  }
  const Json& classes = test.at("classes");
  ASSERT_EQ(metrics.classes.size(), classes.at("f1").size());
  for (std::size_t i = 0; i < metrics.classes.size(); ++i) {
    EXPECT_EQ(metrics.classes[i].support, classes.at("support")[i].get<std::int64_t>()) << i;
    EXPECT_NEAR(metrics.classes[i].precision, classes.at("precision")[i].get<double>(), 1e-12) << i;
    EXPECT_NEAR(metrics.classes[i].recall, classes.at("recall")[i].get<double>(), 1e-12) << i;
    EXPECT_NEAR(metrics.classes[i].f1, classes.at("f1")[i].get<double>(), 1e-12) << i;
  }
  EXPECT_EQ(metrics.confusion, test.value("confusion", std::vector<std::int64_t>()));
}

TEST(Metrics, EqualScikitLearnScipyAndTorch) {
  const fs::path path = fs::path(BERTUNE_SOURCE_DIR) / "tests/parity/fixtures/metrics.json";
  const Json tests = parse_json(read_file(path), path.string());
  ASSERT_GE(tests.size(), 10U);
  for (const auto& [name, test] : tests.items()) {
    SCOPED_TRACE(name);
    expect_equal(metrics_of(test), test);
  }
}

TEST(Metrics, NamesComeInTheOrderToPrint) {
  const auto keys = [](const MetricsAccumulator& metrics) {
    std::string result;
    for (const auto& [name, value] : metrics.result().values) result += name + " ";
    return result;
  };
  EXPECT_EQ(keys({kClasses, names(2)}),
            "loss accuracy f1 f1_macro f1_weighted precision_macro recall_macro matthews_correlation ");
  EXPECT_EQ(keys({kClasses, names(3)}),
            "loss accuracy f1_macro f1_weighted precision_macro recall_macro matthews_correlation ");
  EXPECT_EQ(keys({kLabels, names(2)}),
            "loss accuracy f1_micro f1_macro precision_micro recall_micro best_f1_micro best_threshold ");
  EXPECT_EQ(keys({kNumbers, names(1)}), "loss mse rmse mae pearson spearmanr ");
}

TEST(Metrics, AClassThatIsNeverPredictedHasZeros) {
  MetricsAccumulator metrics(kClasses, {"no", "yes"});
  add(metrics, {1, 0}, 0);
  add(metrics, {1, 0}, 1);
  add(metrics, {1, 0}, 0);
  add(metrics, {1, 0}, 0);
  const Metrics result = metrics.result();
  EXPECT_DOUBLE_EQ(result.value("accuracy"), 0.75);
  EXPECT_EQ(result.value("f1"), 0);
  EXPECT_EQ(result.value("matthews_correlation"), 0);
  EXPECT_DOUBLE_EQ(result.value("f1_macro"), (2 * 0.75 / 1.75) / 2);
  EXPECT_EQ(result.classes[1].label, "yes");
  EXPECT_EQ(result.classes[1].support, 1);
  EXPECT_EQ(result.classes[1].predicted, 0);
  EXPECT_EQ(result.classes[1].precision, 0);
  EXPECT_THAT(result.confusion, ElementsAre(3, 0, 1, 0));
}

TEST(Metrics, OfNothingAreZeros) {
  for (const ProblemType type : {kClasses, kLabels, kNumbers}) {
    const Metrics result = MetricsAccumulator(type, names(2)).result();
    EXPECT_EQ(result.rows, 0);
    EXPECT_THAT(result.values, Each(::testing::AnyOf(Pair("best_threshold", 0.5), Pair(::testing::_, 0.0))));
  }
}

// Against every threshold tried by itself.
TEST(Metrics, TheBestThresholdIsTheBest) {
  Random random(5, 0);
  std::vector<std::vector<float>> logits, targets;
  for (int i = 0; i < 200; ++i) {
    logits.push_back({static_cast<float>(random.normal() - 2), static_cast<float>(random.normal() * 3)});
    const auto chance = [&](float logit) {
      return random.uniform() < 1 / (1 + std::exp(-logit - 1)) ? 1.0F : 0;
    };
    targets.push_back({chance(logits.back()[0]), chance(logits.back()[1])});
  }
  const auto f1_at = [&](double threshold) {
    MetricsAccumulator metrics(kLabels, names(2), threshold);
    for (std::size_t i = 0; i < logits.size(); ++i) add(metrics, logits[i], targets[i]);
    return metrics.result();
  };
  const Metrics result = f1_at(0.5);
  double best = 0;
  for (int percent = 1; percent < 100; ++percent)
    best = std::max(best, f1_at(percent / 100.0).value("f1_micro"));
  EXPECT_NEAR(result.value("best_f1_micro"), best, 1e-12);
  EXPECT_NEAR(f1_at(result.value("best_threshold")).value("f1_micro"), best, 1e-12);
  EXPECT_LT(result.value("best_threshold"), 0.5);  // the labels are more probable than the logits say
}

TEST(Metrics, IgnoredRowsCountForNothing) {
  MetricsAccumulator metrics(kClasses, names(2));
  add(metrics, {0, 3}, kIgnoredLabel);
  EXPECT_EQ(metrics.result().rows, 0);
  EXPECT_EQ(metrics.result().value("loss"), 0);
  add(metrics, {0, 0}, 1);
  add(metrics, {9, 0}, kIgnoredLabel);
  EXPECT_EQ(metrics.result().rows, 1);
  EXPECT_NEAR(metrics.result().value("loss"), std::log(2.0), 1e-15);
}

TEST(Metrics, ConstantPredictionsDoNotCorrelate) {
  MetricsAccumulator metrics = regression();
  for (int i = 0; i < 10; ++i) add(metrics, {0.1F}, std::vector{static_cast<float>(i)});
  const Metrics result = metrics.result();
  EXPECT_EQ(result.value("pearson"), 0);
  EXPECT_EQ(result.value("spearmanr"), 0);
  EXPECT_GT(result.value("mse"), 0);
}

TEST(Metrics, OneRowDoesNotCorrelate) {
  MetricsAccumulator metrics = regression();
  add(metrics, {1}, std::vector{3.0F});
  EXPECT_EQ(metrics.result().value("pearson"), 0);
  EXPECT_EQ(metrics.result().value("mse"), 4);
  EXPECT_EQ(metrics.result().value("rmse"), 2);
  EXPECT_EQ(metrics.result().value("mae"), 2);
}

TEST(Metrics, ABrokenModelShowsNaNAndNothingWorse) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  MetricsAccumulator numbers = regression();
  for (const float target : {1.0F, 2.0F, 3.0F}) add(numbers, {nan}, std::vector{target});
  EXPECT_TRUE(std::isnan(numbers.result().value("loss")));
  EXPECT_TRUE(std::isnan(numbers.result().value("spearmanr")));
  MetricsAccumulator classes(kClasses, names(2));
  add(classes, {nan, nan}, 1);
  EXPECT_TRUE(std::isnan(classes.result().value("loss")));
  EXPECT_EQ(classes.result().value("accuracy"), 0);
}

TEST(Metrics, ManyClassesNeedNoMatrix) {
  MetricsAccumulator metrics(kClasses, names(kMaxConfusionClasses + 1));
  std::vector<float> logits(kMaxConfusionClasses + 1);
  logits.back() = 1;
  metrics.add(logits, static_cast<std::int32_t>(kMaxConfusionClasses));
  EXPECT_THAT(metrics.result().confusion, IsEmpty());
  EXPECT_EQ(metrics.result().value("accuracy"), 1);
}

TEST(Metrics, TheMatthewsCoefficientSurvivesManyRows) {
  MetricsAccumulator metrics(kClasses, names(2));
  for (int i = 0; i < 100000; ++i) metrics.add(std::vector<float>{1, 0}, i % 2);
  EXPECT_EQ(metrics.result().value("matthews_correlation"), 0);
}

TEST(Metrics, ValuesAreFoundByTheNamesOfResultFiles) {
  const Metrics result = MetricsAccumulator(kClasses, names(2)).result();
  EXPECT_EQ(result.value("eval_accuracy"), 0);
  EXPECT_EQ(result.value("test_loss"), 0);
  try {
    (void)result.value("acuracy");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"acuracy\""));
    EXPECT_THAT(error.what(), HasSubstr("loss, accuracy, f1, f1_macro"));
  }
}

TEST(Metrics, LessIsBetterForErrors) {
  for (const char* metric : {"loss", "eval_loss", "mse", "rmse", "test_mae", "perplexity"})
    EXPECT_FALSE(greater_is_better(metric));
  for (const char* metric : {"accuracy", "eval_f1", "spearmanr"}) EXPECT_TRUE(greater_is_better(metric));
  for (const ProblemType type : {kClasses, kLabels, kNumbers}) {
    EXPECT_NO_THROW((void)MetricsAccumulator(type, names(3)).result().value(default_metric(type)));
  }
}

TEST(Metrics, RowsThatDoNotFitAreErrors) {
  MetricsAccumulator classes(kClasses, names(2)), labels(kLabels, names(2));
  EXPECT_THROW(add(classes, {1, 2, 3}, 0), Error);
  EXPECT_THROW(add(classes, {1, 2}, 2), Error);
  EXPECT_THROW(add(classes, {1, 2}, -1), Error);
  EXPECT_THROW(add(classes, {1, 2}, std::vector{1.0F, 0.0F}), Error);
  EXPECT_THROW(add(labels, {1, 2}, 1), Error);
  EXPECT_THROW(add(labels, {1, 2}, std::vector{1.0F}), Error);
  EXPECT_THROW(MetricsAccumulator(kClasses, {}), Error);
  EXPECT_EQ(classes.result().rows + labels.result().rows, 0);
}

TEST(Probabilities, AreSoftmaxSigmoidOrTheValues) {
  const std::vector<float> logits = {0, 1000, 1000};
  EXPECT_THAT(probabilities(kClasses, logits),
              ElementsAre(0, DoubleNear(0.5, 1e-15), DoubleNear(0.5, 1e-15)));
  EXPECT_THAT(probabilities(kLabels, std::vector<float>{0, -1000, 1000}), ElementsAre(0.5, 0, 1));
  EXPECT_THAT(probabilities(kNumbers, logits), ElementsAre(0, 1000, 1000));
  EXPECT_THAT(probabilities(kClasses, {}), SizeIs(0));
}

}  // namespace
}  // namespace bertune::tasks
