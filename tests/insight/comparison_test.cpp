#include "insight/results/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/error.h"
#include "insight/table_maker.h"
#include "support/message_of.h"

namespace bertune::insight {
namespace {

using testing::form_of_classes;
using ::testing::HasSubstr;
using testing::MadeRow;
using testing::table_of;

// A run of classes a and b, in which the i-th row is right where the i-th letter is "+".
ComparedRun run_of(const std::string& name, const std::string& right) {
  std::vector<MadeRow> rows;
  for (std::size_t i = 0; i < right.size(); ++i) {
    const float truth = i % 2 == 0 ? 0 : 1, said = right[i] == '+' ? truth : 1 - truth;
    rows.push_back({{1 - said, said}, {truth}});
  }
  return {name, table_of(form_of_classes({"a", "b"}), rows)};
}

TEST(Comparison, CountsRowsThatOnlyOneGetsRight) {
  std::string first(60, '+'), second(60, '+');
  for (std::size_t i = 0; i < 15; ++i) second[i] = '-';
  for (std::size_t i = 20; i < 26; ++i) first[i] = '-';
  const Comparisons result = compare({run_of("old", first), run_of("new", second)});
  ASSERT_EQ(result.pairs.size(), 1U);
  const Comparison& pair = result.pairs[0];
  EXPECT_EQ(result.metric, "accuracy");
  EXPECT_NEAR(pair.difference.value, -9.0 / 60, 1e-12);
  EXPECT_LT(pair.difference.interval.low, -9.0 / 60);
  EXPECT_GT(pair.difference.interval.high, -9.0 / 60);
  EXPECT_EQ(pair.only_first, 15);
  EXPECT_EQ(pair.only_second, 6);
  EXPECT_NEAR(pair.p_value, 0.052478790283203125, 1e-12);
  EXPECT_NEAR(*pair.exact, 0.0783538818359375, 1e-12);
  EXPECT_NEAR(pair.smallest, 2.8016 * std::sqrt(21.0 / 60 / 60), 1e-9);
  ASSERT_EQ(pair.rows.size(), 21U);
  EXPECT_EQ(pair.rows[0].where, "test.csv:2");
  EXPECT_EQ(pair.rows[0].right, "a");
  EXPECT_EQ(pair.rows[0].second, "b");
  EXPECT_TRUE(pair.rows[0].first_is_right);
  EXPECT_EQ(to_json(result).at("comparisons")[0].at("only_first"), 15);
}

TEST(Comparison, SeveralRunsAreAdjusted) {
  const Comparisons result =
      compare({run_of("a", "++++++++++"), run_of("b", "+++-------"), run_of("c", "++++++++--")});
  ASSERT_EQ(result.pairs.size(), 3U);
  EXPECT_NEAR(result.pairs[0].adjusted, 3 * result.pairs[0].p_value, 1e-12);
}

TEST(Comparison, RowsArePairedByTheirTexts) {
  ComparedRun first = run_of("a", "++-+"), second = run_of("b", "++-+");
  std::vector<MadeRow> reversed;  // the same rows in another order
  for (const int i : {3, 2, 1, 0}) {
    const float truth = i % 2 == 0 ? 0 : 1, said = i == 2 ? 1 - truth : truth;
    reversed.push_back({{1 - said, said}, {truth}, "text " + std::to_string(i + 2)});
  }
  second.table = table_of(form_of_classes({"a", "b"}), reversed);
  const Comparisons result = compare({first, second});
  EXPECT_EQ(result.pairs[0].only_first, 0);
  EXPECT_EQ(result.pairs[0].only_second, 0);
  EXPECT_EQ(result.pairs[0].difference.value, 0);
}

TEST(Comparison, OtherRowsAreRefused) {
  const std::vector<ComparedRun> runs = {run_of("a", "++++"), run_of("b", "++++++")};
  EXPECT_THAT(testing::message_of<Error>([&] { compare(runs); }),
              HasSubstr("4 are the same (text and label), 2 are not; `common_rows` compares those that are"));
  EXPECT_EQ(compare(runs, {.common_rows = true}).rows, 4);
  ComparedRun other = run_of("c", "++++");
  other.table.form.labels = {"x", "y"};
  EXPECT_THAT(testing::message_of<Error>([&] {
                compare({runs[0], other});
              }),
              HasSubstr("cannot be compared"));
  EXPECT_THAT(testing::message_of<UsageError>([&] {
                compare({runs[0], runs[0]}, {.metric = "f2"});
              }),
              HasSubstr("rows have: accuracy, f1_macro"));
  EXPECT_THAT(testing::message_of<UsageError>([&] {
                compare({runs[0], runs[0]}, {.set = "validation"});
              }),
              HasSubstr("it has those of: test"));
}

TEST(Comparison, GroupsOfSeeds) {
  ComparedRun first = run_of("old", "++++++++--"), second = run_of("new", "++++------");
  for (const char* right : {"++++++++-+", "+++++++---"}) first.others.push_back(run_of("", right).table);
  for (const char* right : {"+++-------", "++++--+---"}) second.others.push_back(run_of("", right).table);
  const Comparison pair = compare({first, second}).pairs[0];
  EXPECT_EQ(pair.first_runs, 3);
  EXPECT_NEAR(pair.first_value, 0.8, 1e-12);
  EXPECT_NEAR(pair.first_deviation, 0.1, 1e-12);
  EXPECT_NEAR(pair.difference.value, -0.4, 1e-12);
  EXPECT_LT(pair.difference.interval.low, -0.4);
  EXPECT_EQ(pair.only_first, 4);  // most seeds of one alone
  EXPECT_EQ(pair.only_second, 0);
  EXPECT_EQ(pair.rows[0].first, "a (3 of 3)");
  EXPECT_THAT(testing::message_of<UsageError>([&] {
                compare({first, run_of("alone", "++++++++--")});
              }),
              HasSubstr("old holds the runs of 3 seeds, and alone is a single run"));
}

TEST(Comparison, NumbersAreComparedByTheirErrors) {
  const auto run = [](const std::string& name, float error) {
    std::vector<MadeRow> rows;
    for (int i = 0; i < 40; ++i)
      rows.push_back({{static_cast<float>(i) + (i % 2 == 0 ? error : -error)}, {static_cast<float>(i)}});
    return ComparedRun{name, table_of({.outcome = tasks::Outcome::numbers, .labels = {}}, rows)};
  };
  const Comparisons result = compare({run("a", 1), run("b", 0.5F)});
  EXPECT_EQ(result.metric, "mae");
  EXPECT_FALSE(result.greater_is_better);
  EXPECT_NEAR(result.pairs[0].difference.value, -0.5, 1e-9);
  EXPECT_LT(result.pairs[0].p_value, 0.001);
  EXPECT_FALSE(result.pairs[0].only_first.has_value());
}

}  // namespace
}  // namespace bertune::insight
