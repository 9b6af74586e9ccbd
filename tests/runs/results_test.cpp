#include "runs/results.h"

#include <gmock/gmock.h>

#include <cmath>

#include "support/temporary_directory.h"

namespace bertune::runs {
namespace {

using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

TEST(Results, AreWrittenAsTheTrainerDoes) {
  const Results results = {{"eval", {{"loss", 0.5}, {"accuracy", 0.875}, {"samples", 200}, {"epoch", 3.0}}},
                           {"train", {{"train_loss", 0.25}, {"runtime", 12.5}, {"epoch", 3.0}}}};
  const auto files = result_files(results);
  EXPECT_THAT(files, UnorderedElementsAre(Key("eval_results.json"), Key("train_results.json"),
                                          Key("all_results.json")));
  EXPECT_EQ(files.at("eval_results.json"),
            "{\n    \"epoch\": 3.0,\n    \"eval_accuracy\": 0.875,\n    \"eval_loss\": 0.5,\n"
            "    \"eval_samples\": 200\n}\n");
  EXPECT_EQ(files.at("all_results.json"),
            "{\n    \"epoch\": 3.0,\n    \"eval_accuracy\": 0.875,\n    \"eval_loss\": 0.5,\n"
            "    \"eval_samples\": 200,\n    \"train_loss\": 0.25,\n    \"train_runtime\": 12.5\n}\n");
}

TEST(Results, EarlierOnesAreKept) {
  const auto files = result_files({{"test", {{"loss", 1.0}}}}, "{\"train_loss\": 0.25, \"test_loss\": 9}");
  EXPECT_EQ(parse_json(files.at("all_results.json"), ""), Json({{"test_loss", 1.0}, {"train_loss", 0.25}}));
  EXPECT_EQ(parse_json(files.at("test_results.json"), ""), Json({{"test_loss", 1.0}}));
}

TEST(Results, ABrokenFileIsNoReasonToLoseNewOnes) {
  for (const char* previous : {"", "{\"train_lo", "[1, 2]", "\xff"}) {
    EXPECT_EQ(parse_json(result_files({{"eval", {{"loss", 1}}}}, previous).at("all_results.json"), ""),
              Json({{"eval_loss", 1}}));
  }
}

TEST(Results, NumbersThatAreNoneBecomeNull) {
  const Json values = with_prefix("eval", {{"loss", std::nan("")}, {"f1", HUGE_VAL}, {"samples", 3}});
  EXPECT_TRUE(values.at("eval_loss").is_null());
  EXPECT_TRUE(values.at("eval_f1").is_null());
  EXPECT_TRUE(values.at("eval_samples").is_number_integer());
}

TEST(Results, TakeMetricsByName) {
  const auto metrics = MetricsAccumulator(ProblemType::regression, {"score"}).result();
  const Json values = with_prefix("eval", metric_values(metrics));
  EXPECT_EQ(values.size(), 6U);
  EXPECT_EQ(values.at("eval_spearmanr"), 0.0);
}

TEST(Results, AreMergedIntoTheFolder) {
  const testing::TemporaryDirectory directory;
  write_results(directory.path(), {{"train", {{"loss", 0.5}}}});
  write_results(directory.path(), {{"eval", {{"loss", 0.75}}}});
  EXPECT_EQ(parse_json(read_file(directory.path() / "all_results.json"), ""),
            Json({{"eval_loss", 0.75}, {"train_loss", 0.5}}));
  EXPECT_THAT(read_file(directory.path() / "eval_results.json"), HasSubstr("    \"eval_loss\": 0.75"));
}

}  // namespace
}  // namespace bertune::runs
