#include "data/texts/labels.h"

#include <gmock/gmock.h>

#include <string>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Dataset labeled(const std::vector<std::string>& labels) {
  std::string csv = "text,label\n";
  for (std::size_t i = 0; i < labels.size(); ++i)
    csv += "text " + std::to_string(i) + ",\"" + labels[i] + "\"\n";
  return dataset_of(csv);
}

TEST(LabelMap, SortsNumbersByValue) {
  EXPECT_THAT(build_label_map(labeled({"10", "2", "1", "10", "-3"})).id2label(),
              ElementsAre("-3", "1", "2", "10"));
}

TEST(LabelMap, SortsNamesByCodePoint) {
  EXPECT_THAT(build_label_map(labeled({"b", "a", "\xc3\xa9", "Z", "10", "9"})).id2label(),
              ElementsAre("10", "9", "Z", "a", "b", "\xc3\xa9"));
}

TEST(LabelMap, TakesEqualNumbersAsOneClass) {
  const LabelMap labels = build_label_map(labeled({"1.0", "0", "1", "0.0"}));
  EXPECT_THAT(labels.id2label(), ElementsAre("0", "1"));
  EXPECT_EQ(labels.id_of("1.00"), 1);
  EXPECT_EQ(labels.id_of("2"), std::nullopt);
  EXPECT_THAT(label_ids(labeled({"0.0", "1.0"}), labels), ElementsAre(0, 1));
}

TEST(LabelMap, HoldsTheOrderOfAModelFolder) {
  const LabelMap labels = build_label_map(labeled({"a", "b"}), {.given = {"b", "c", "a"}});
  EXPECT_EQ(labels.size(), 3);
  EXPECT_THAT(label_ids(labeled({"a", "b"}), labels), ElementsAre(2, 0));
  EXPECT_THAT(build_label_map(labeled({"a", "b"}), {.given = {"LABEL_0", "LABEL_1"}}).id2label(),
              ElementsAre("a", "b"));
}

TEST(LabelMap, RefusesOneClassAndFarTooMany) {
  EXPECT_THAT(message_of([] {
                build_label_map(labeled({"x", "x", "x"}));
              }),
              HasSubstr("all 3 rows have the label \"x\""));
  std::vector<std::string> many;
  for (int i = 0; i < 30; ++i) many.push_back("label " + std::to_string(i));
  EXPECT_THAT(message_of([&] { build_label_map(labeled(many)); }),
              AllOf(HasSubstr("30 different labels in 30 rows"), HasSubstr("`label_column`"),
                    HasSubstr("\"text\", \"label\"")));
  EXPECT_THAT(message_of([] { LabelMap({"a", "a"}); }), HasSubstr("occurs twice"));
}

TEST(LabelIds, NameWhatTheTrainingSetLacks) {
  const LabelMap labels({"negative", "neutral", "positive"});
  EXPECT_THAT(message_of([&] {
                label_ids(labeled({"neutral", "Postive"}), labels);
              }),
              AllOf(HasSubstr("data.csv:3: the label \"Postive\""), HasSubstr("did you mean \"positive\"?"),
                    HasSubstr("\"negative\", \"neutral\", \"positive\"")));
}

TEST(LabelValues, AreNumbersOrAnError) {
  EXPECT_THAT(label_values(labeled({"5.000", "-1e2", "+0.25"})), ElementsAre(5.0F, -100.0F, 0.25F));
  EXPECT_THAT(message_of([] {
                label_values(labeled({"1", "nan"}));
              }),
              HasSubstr("data.csv:3: the label \"nan\" is not a number"));
  EXPECT_THAT(message_of([] { label_values(labeled({"1", "1e300"})); }), HasSubstr("data.csv:3"));
}

TEST(MultiLabel, SplitsBarsCommasAndLists) {
  EXPECT_THAT(split_labels("a| b |a||c", '|', "f:1"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_labels("3,4", '\0', "f:1"), ElementsAre("3", "4"));
  EXPECT_THAT(split_labels("[\"x\", 2, true]", '|', "f:1"), ElementsAre("x", "2", "true"));
  EXPECT_THAT(split_labels("[]", '\0', "f:1"), IsEmpty());
  EXPECT_THAT(message_of([] { split_labels("[[1]]", '\0', "f:1"); }), HasSubstr("f:1: a list of labels"));
  EXPECT_THAT(message_of([] { split_labels("[\"x]", '\0', "f:1"); }), HasSubstr("f:1: not valid JSON"));
}

TEST(MultiLabel, MakesTargets) {
  const Dataset dataset = labeled({"joy|love", "anger", "love, actually"});
  const LabelMap labels = build_label_map(dataset, {.multi_label = true});
  EXPECT_THAT(labels.id2label(), ElementsAre("anger", "joy", "love", "love, actually"));
  EXPECT_THAT(multi_label_targets(dataset, labels), ElementsAre(0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1));
  EXPECT_THAT(message_of([&] { multi_label_targets(labeled({"joy|hate"}), labels); }),
              HasSubstr("data.csv:2: the label \"hate\""));
}

TEST(ProblemTypes, AreGuessedFromLabels) {
  std::vector<std::string> scores, stars;
  for (int i = 0; i < 40; ++i) {
    scores.push_back(std::to_string(i * 0.125));
    stars.push_back(i % 2 == 0 ? "0.5" : "1.0");
  }
  EXPECT_EQ(guess_problem_type(labeled(scores)).type, ProblemType::regression);
  EXPECT_THAT(guess_problem_type(labeled(scores)).reason, HasSubstr("40 different"));
  EXPECT_EQ(guess_problem_type(labeled(stars)).type, ProblemType::single_label_classification);
  EXPECT_EQ(guess_problem_type(labeled({"1", "2", "30"})).type, ProblemType::single_label_classification);
  EXPECT_EQ(guess_problem_type(labeled({"a|b", "c"})).type, ProblemType::multi_label_classification);
}

TEST(Numbers, AreParsedWhole) {
  EXPECT_EQ(parse_number("-2.5e1"), -25.0);
  for (const char* text : {"", "+", "+-1", "1,5", "0x10", "nan", "inf", "1 ", "1e999", "one"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace bertune::data::testing
