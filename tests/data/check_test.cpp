#include "data/checks/check.h"

#include <gmock/gmock.h>

#include <numeric>
#include <string>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Check, CountsDuplicatesConflictsAndEmptyTexts) {
  const Dataset train = dataset_of(
      "text,label\nGood film,pos\ngood   FILM ,pos\nGood film,neg\nother,neg\n,pos\n  ,neg\nother,neg\n");
  const NamedDataset splits[] = {{"train", &train}};
  const CheckResult result = check_datasets(splits);
  const SplitCheck& split = result.splits[0];
  EXPECT_EQ(split.rows, 7);
  EXPECT_EQ(split.empty_texts, 2);
  EXPECT_EQ(split.exact_duplicates, 2);
  EXPECT_EQ(split.normalized_duplicates, 3);
  EXPECT_EQ(split.conflicting_rows, 3);
  ASSERT_EQ(split.conflict_examples.size(), 1U);
  EXPECT_THAT(split.conflict_examples[0].first, HasSubstr("data.csv:2"));
  EXPECT_THAT(split.conflict_examples[0].second, HasSubstr("data.csv:4"));
  const auto lines = warnings(result);
  EXPECT_THAT(lines, Contains(HasSubstr("3 rows share a text but not the label")));
  EXPECT_THAT(lines, Contains(HasSubstr("2 rows with an empty text (first")));
  EXPECT_THAT(lines, Contains(HasSubstr("3 rows (42.9 %) repeat an earlier text")));
}

TEST(Check, FindsLeaks) {
  const Dataset train = dataset_of("text,label\na b,x\nc,y\nd,x\n");
  const Dataset test = dataset_of("text,label\nnew,x\nA  b,x\nd,y\n");
  const NamedDataset splits[] = {{"train", &train}, {"test", &test}};
  const CheckResult result = check_datasets(splits);
  EXPECT_EQ(result.splits[0].leaked_rows, 0);
  EXPECT_EQ(result.splits[1].leaked_rows, 2);
  EXPECT_EQ(result.splits[1].leaked_with_other_label, 1);
  EXPECT_THAT(result.splits[1].leak_examples[0].second, HasSubstr("data.csv:3"));
  EXPECT_THAT(warnings(result)[0], HasSubstr("test: 2 rows of 3 (66.7 %) also occur in the training set"));
}

TEST(Check, ComparesPairsAsPairs) {
  const Dataset train = dataset_of("sentence1,sentence2,label\na,b,x\na,c,y\na b,c,x\na,b c,y\nA,B,x\n");
  const NamedDataset splits[] = {{"train", &train}};
  const SplitCheck split = check_datasets(splits).splits[0];
  EXPECT_EQ(split.exact_duplicates, 0);
  EXPECT_EQ(split.normalized_duplicates, 1);
}

TEST(Check, CountsLabelsASplit) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 60; ++i) csv += "t" + std::to_string(i) + (i < 58 ? ",often\n" : ",seldom\n");
  const Dataset train = dataset_of(csv);
  const Dataset test = dataset_of("text,label\nu,often\nv,never\n");
  const NamedDataset splits[] = {{"train", &train}, {"test", &test}};
  const CheckResult result = check_datasets(splits);
  ASSERT_EQ(result.labels.size(), 3U);
  EXPECT_EQ(result.labels[0].label, "often");
  EXPECT_THAT(result.labels[0].rows, ElementsAre(58, 1));
  EXPECT_THAT(result.labels[2].rows, ElementsAre(0, 1));
  EXPECT_DOUBLE_EQ(result.imbalance, 29.0);
  const auto lines = warnings(result);
  EXPECT_THAT(lines, Contains(HasSubstr("labels that the training set lacks: \"never\"")));
  EXPECT_THAT(lines, Contains(HasSubstr("\"seldom (2)\"")));
  EXPECT_THAT(lines, Contains(HasSubstr("29 times")));
}

TEST(Check, SaysNothingOfGoodData) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 40; ++i) csv += "t" + std::to_string(i) + (i % 2 == 0 ? ",a\n" : ",b\n");
  const Dataset train = dataset_of(csv);
  const NamedDataset splits[] = {{"train", &train}};
  EXPECT_THAT(warnings(check_datasets(splits)), IsEmpty());
}

TEST(Check, MeasuresLengths) {
  std::vector<std::int32_t> lengths(100);
  std::iota(lengths.begin(), lengths.end(), 1);
  LengthCheck check = check_lengths(lengths, 98);
  EXPECT_EQ(check.p50, 50);
  EXPECT_EQ(check.p90, 90);
  EXPECT_EQ(check.p95, 95);
  EXPECT_EQ(check.p99, 99);
  EXPECT_EQ(check.max, 100);
  EXPECT_EQ(check.truncated_rows, 2);
  EXPECT_DOUBLE_EQ(check.truncated_share, 0.02);
  EXPECT_DOUBLE_EQ(check.lost_token_share, 3.0 / 5050.0);
  CheckResult result;
  result.lengths.push_back(check);
  EXPECT_THAT(warnings(result), ElementsAre(HasSubstr("2 rows (2.0 %) are longer than 98 tokens")));
  EXPECT_EQ(check_lengths({}, 128).max, 0);
  EXPECT_EQ(check_lengths(std::vector<std::int32_t>{7}, 128).p50, 7);
}

}  // namespace
}  // namespace bertune::data::testing
