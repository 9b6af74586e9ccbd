#include "data/checks/check.h"

#include <gmock/gmock.h>

#include <numeric>
#include <string>

#include "data/checks.h"
#include "data/checks/several_labels.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;

TEST(Check, CountsDuplicatesConflictsAndEmptyTexts) {
  const Dataset train = dataset_of(
      "text,label\nGood film,pos\ngood   FILM ,pos\nGood film,neg\nother,neg\n,pos\n  ,neg\nother,neg\n");
  const CheckResult result = check_labelled({{"train", &train}}, {.few_rows = 0});
  EXPECT_THAT(kinds_of(result),
              ElementsAre("conflict of train", "duplicate of train", "empty_text of train"));
  EXPECT_EQ(result.sets[0].rows, 7);
  const Finding& conflict = result.findings[0];
  EXPECT_EQ(conflict.rows, 3);
  EXPECT_EQ(conflict.of_rows, 7);
  EXPECT_EQ(conflict.severity, Severity::warning);
  ASSERT_EQ(conflict.examples.size(), 1U);
  EXPECT_THAT(conflict.examples[0].where, ElementsAre(EndsWith("data.csv:2"), EndsWith("data.csv:4")));
  EXPECT_THAT(conflict.examples[0].labels, ElementsAre("pos", "neg"));
  EXPECT_EQ(conflict.examples[0].text, "Good film");
  EXPECT_EQ(conflict.advice, "correct or remove them");
  const Finding& duplicate = result.findings[1];
  EXPECT_EQ(duplicate.rows, 3);
  EXPECT_EQ(duplicate.exact, 2);
  EXPECT_THAT(duplicate.where,
              ElementsAre(EndsWith("data.csv:3"), EndsWith("data.csv:4"), EndsWith("data.csv:8")));
  const Finding& empty = result.findings[2];
  EXPECT_EQ(empty.rows, 2);
  EXPECT_THAT(empty.where, ElementsAre(EndsWith("data.csv:6"), EndsWith("data.csv:7")));
}

TEST(Check, FindsLeaks) {
  const Dataset train = dataset_of("text,label\na b,x\nc,y\nd,x\n");
  const Dataset test = dataset_of("text,label\nnew,x\nA  b,x\nd,y\n");
  const CheckResult result = check_labelled({{"train", &train}, {"test", &test}});
  EXPECT_EQ(result.findings[0].kind, FindingKind::leak);  // the most serious comes first
  const Finding leak = finding_of(result, FindingKind::leak, "test");
  EXPECT_EQ(leak.rows, 2);
  EXPECT_EQ(leak.of_rows, 3);
  EXPECT_EQ(leak.with_other_label, 1);
  EXPECT_THAT(leak.where, ElementsAre(EndsWith("data.csv:3"), EndsWith("data.csv:4")));
  EXPECT_THAT(leak.examples[0].where, ElementsAre(EndsWith("data.csv:2"), EndsWith("data.csv:3")));
  EXPECT_EQ(leak.advice, "remove them from train");
}

TEST(Check, ComparesPairsAsPairs) {
  const Dataset train = dataset_of("sentence1,sentence2,label\na,b,x\na,c,y\na b,c,x\na,b c,y\nA,B,x\n");
  const Finding found = finding_of(check_labelled({{"train", &train}}), FindingKind::duplicate, "train");
  EXPECT_EQ(found.exact, 0);
  EXPECT_EQ(found.rows, 1);
}

// Lines of reading/case_duplicates.csv.
TEST(Check, FoldsCaseBeyondAscii) {
  const Dataset train = dataset_of(
      "text,label\nТы слышишь меня?,a\nты слышишь меня?,b\nCafé Noir,a\nCAFÉ NOIR,b\nhello World,a\nHELLO "
      "world,b\nx y,a\nq r,b\n");
  const CheckResult result = check_labelled({{"train", &train}}, {.few_rows = 0});
  EXPECT_THAT(kinds_of(result), ElementsAre("conflict of train", "duplicate of train"));
  EXPECT_EQ(result.findings[0].rows, 6);
  EXPECT_EQ(result.findings[1].rows, 3);
}

TEST(Check, CountsLabelsASplit) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 60; ++i) csv += "t" + std::to_string(i) + (i < 58 ? ",often\n" : ",seldom\n");
  const Dataset train = dataset_of(csv);
  const Dataset test = dataset_of("text,label\nu,often\nv,never\n");
  const CheckResult result = check_labelled({{"train", &train}, {"test", &test}});
  ASSERT_EQ(result.labels.size(), 3U);
  EXPECT_EQ(result.labels[0].label, "often");
  EXPECT_THAT(result.labels[0].rows, ElementsAre(58, 1));
  EXPECT_THAT(result.labels[2].rows, ElementsAre(0, 1));
  EXPECT_THAT(result.labeled, ElementsAre(60, 2));
  EXPECT_THAT(kinds_of(result),
              ElementsAre("untrained_label of train", "rare_label of train", "imbalance of train"));
  EXPECT_EQ(result.findings[0].labels[0].label, "never");
  const Finding& rare = result.findings[1];
  EXPECT_EQ(rare.limit, 10);
  ASSERT_EQ(rare.labels.size(), 2U);
  EXPECT_EQ(rare.labels[0].label, "seldom");
  EXPECT_EQ(rare.labels[0].rows, 2);
  EXPECT_EQ(result.findings[2].labels[0].rows, 58);
  EXPECT_EQ(result.findings[2].labels[1].rows, 2);
}

TEST(Check, SaysNothingOfGoodData) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 40; ++i) csv += "t" + std::to_string(i) + (i % 2 == 0 ? ",a\n" : ",b\n");
  const Dataset train = dataset_of(csv);
  EXPECT_THAT(check_labelled({{"train", &train}}).findings, IsEmpty());
}

TEST(Check, CountsSeveralLabelsOfAText) {
  const Dataset train =
      dataset_of("text,label\na,joy|love\nb,love\nA,love | joy\nc,\nb,joy\n", {.labels_required = false});
  NamedTexts set = named_texts("train", train);
  set_several_labels(train, set);
  const CheckResult result = check_texts(std::span(&set, 1), {.few_rows = 3, .several = true});
  ASSERT_EQ(result.labels.size(), 2U);
  EXPECT_EQ(result.labels[0].label, "joy");
  EXPECT_THAT(result.labels[0].rows, ElementsAre(3));
  EXPECT_THAT(result.labels[1].rows, ElementsAre(3));
  EXPECT_THAT(result.labeled, ElementsAre(4));  // shares are of texts that have labels
  EXPECT_EQ(result.sets[0].unlabeled, 1);
  // The order of labels makes no conflict; "b" is one.
  const Finding conflict = finding_of(result, FindingKind::conflict, "train");
  EXPECT_EQ(conflict.rows, 2);
  EXPECT_THAT(conflict.examples[0].labels, ElementsAre("love", "joy"));
  EXPECT_EQ(finding_of(result, FindingKind::duplicate, "train").rows, 2);
}

TEST(Check, MeasuresTheRangeOfNumbers) {
  const Dataset train = dataset_of("text,score\na,0.5\nb,-1\nc,4\na,2.5\n");
  const NamedTexts set = named_texts("train", train);
  const CheckResult result = check_texts(std::span(&set, 1), {.conflicts = false, .numbers = true});
  ASSERT_TRUE(result.sets[0].numbers);
  EXPECT_EQ(result.sets[0].numbers->least, -1);
  EXPECT_EQ(result.sets[0].numbers->median, 0.5);
  EXPECT_EQ(result.sets[0].numbers->mean, 1.5);
  EXPECT_EQ(result.sets[0].numbers->most, 4);
  EXPECT_THAT(result.labels, IsEmpty());
  EXPECT_THAT(kinds_of(result), ElementsAre("duplicate of train"));
}

TEST(Check, MeasuresLengths) {
  std::vector<std::int32_t> lengths(100);
  std::iota(lengths.begin(), lengths.end(), 1);
  const LengthCheck check = check_lengths(lengths, 98);
  EXPECT_EQ(check.p50, 50);
  EXPECT_EQ(check.p90, 90);
  EXPECT_EQ(check.p95, 95);
  EXPECT_EQ(check.p99, 99);
  EXPECT_EQ(check.max, 100);
  EXPECT_EQ(check.truncated_rows, 2);
  EXPECT_EQ(check.lost_tokens, 3);
  EXPECT_EQ(check.tokens, 5050);
  EXPECT_EQ(check_lengths({}, 128).max, 0);
  EXPECT_EQ(check_lengths(std::vector<std::int32_t>{7}, 128).p50, 7);
}

TEST(Check, LongTextsAreAFindingWithTheirPlaces) {
  const Dataset train = dataset_of("text,label\na,x\nb,y\nc,x\n");
  CheckResult result = check_labelled({{"train", &train}}, {.few_rows = 0});
  const std::vector<std::int32_t> lengths = {3, 4, 9, 9, 5, 6};  // two a row
  add_lengths(result, {.set = "train", .tokens = lengths, .per_row = 2, .max_length = 5}, texts_of(train));
  const Finding cut = finding_of(result, FindingKind::truncated, "train");
  EXPECT_EQ(cut.rows, 3);
  EXPECT_EQ(cut.of_rows, 6);
  EXPECT_EQ(cut.tokens, 9);
  EXPECT_EQ(cut.of_tokens, 36);
  EXPECT_EQ(cut.limit, 5);
  EXPECT_THAT(cut.where, ElementsAre(EndsWith("data.csv:3"), EndsWith("data.csv:4")));
  ASSERT_TRUE(result.sets[0].lengths);
  EXPECT_EQ(result.sets[0].lengths->max, 9);
  add_special_tokens(result, 2);
  add_special_tokens(result, 3);
  EXPECT_EQ(finding_of(result, FindingKind::special_tokens, "").rows, 5);
}

}  // namespace
}  // namespace bertune::data::testing
