#include "report/data_report.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace bertune::report {
namespace {

using data::CheckResult;
using data::Dataset;
using data::NamedDataset;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

CheckResult reviews() {
  CheckResult result;
  result.splits.resize(2);
  result.splits[0].name = "train", result.splits[0].path = "data/train.csv", result.splits[0].rows = 3600;
  result.splits[1].name = "validation", result.splits[1].path = "data/dev.csv", result.splits[1].rows = 400;
  result.labels = {{"negative", {2000, 210}}, {"positive", {1600, 190}}};
  result.lengths = {{3600, 90000, 21, 40, 60, 128, 311, 128, 36, 0.01, 0.032},
                    {400, 9000, 20, 39, 61, 99, 120, 128}};
  return result;
}

void add_findings(CheckResult& result) {
  data::SplitCheck &train = result.splits[0], &validation = result.splits[1];
  train.conflicting_rows = 4;
  train.conflict_examples = {
      {"data/train.csv:17", "data/train.csv:918", "positive", "negative", "Not bad at all"},
      {"data/train.csv:60", "data/train.csv:61", "positive", "negative", "hm"}};
  train.normalized_duplicates = 25;
  train.duplicate_examples = {{"data/train.csv:5", "data/train.csv:77", "positive", "positive", "Great!"}};
  train.empty_texts = 1;
  train.empty_examples = {"data/train.csv:400"};
  validation.leaked_rows = 12;
  validation.leaked_with_other_label = 2;
  validation.leak_examples = {{"data/train.csv:3", "data/dev.csv:9", "positive", "positive", "Loved it"}};
}

std::ptrdiff_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(DataReport, SaysWhatIsThere) {
  const std::string text = data_report(reviews());
  EXPECT_THAT(text, StartsWith("Data\n  train       3,600 rows  data/train.csv\n"
                               "  validation    400 rows  data/dev.csv\n\nLabels (2)\n"));
  EXPECT_THAT(text, HasSubstr("  negative  2,000   55.6 %  210   52.5 %\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "  train: 36 texts (1.0 %) are longer than `max_length=128` and will be cut; 3.2 % of tokens\n"));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("Findings")), Not(HasSubstr("\n\n\n")), Not(EndsWith("\n\n"))));
}

TEST(DataReport, SaysWhatToDo) {
  CheckResult result = reviews();
  add_findings(result);
  const std::string text = data_report(result);
  EXPECT_THAT(
      text,
      HasSubstr(
          "  validation: 12 rows (3.0 %) also in train, 2 with another label; scores will look better"));
  EXPECT_THAT(text, HasSubstr("    data/train.csv:3 and data/dev.csv:9: Loved it\n"));
  EXPECT_THAT(text,
              HasSubstr("  train: 4 rows (0.1 %) share a text but not the label: correct or remove them\n"));
  EXPECT_THAT(
      text,
      HasSubstr("    data/train.csv:17 \"positive\" and data/train.csv:918 \"negative\": Not bad at all\n"));
  EXPECT_THAT(text, HasSubstr("1 row (0.0 %) with an empty text, the first at data/train.csv:400"));
  EXPECT_LE(lines_of(text), 31);
}

TEST(DataReport, ShowsTheChosenColumns) {
  Dataset train, test;
  train.columns = {
      {"review", 1, true}, {}, {"stars", 2, false}, {"part", 3, false}, {"id", "review", "stars", "part"}};
  train.notes = {"train.csv: columns guessed: text = \"review\"", "train.csv:7: the text is empty"};
  test.columns = {{"text", 0, true}, {}, {"stars", 1, false}, {}, {"text", "stars"}};
  const NamedDataset datasets[] = {{"train", &train}, {"validation", &test}};
  const std::string text = data_report(reviews(), datasets);
  EXPECT_THAT(text, HasSubstr("Columns\n  text column: \"review\" (guessed)\n  label column: \"stars\"\n"
                              "  fold column: \"part\"\n  not used: \"id\"\n  but in validation:  text "
                              "column: \"text\" (guessed),"));
  EXPECT_THAT(text, HasSubstr("Notes\n  train.csv:7: the text is empty\n"));
}

TEST(DataReport, StaysShortWithManyLabels) {
  CheckResult result = reviews();
  add_findings(result);
  result.labels.clear();
  for (int i = 0; i < 77; ++i) result.labels.push_back({"intent_" + std::to_string(i), {200 - i, 10}});
  result.rare_labels = {"intent_76 (4)"};
  result.imbalance = 50;
  Dataset train;
  train.columns = {{"text", 0, true}, {}, {"label", 1, true}, {}, {"text", "label"}};
  for (int i = 0; i < 20; ++i) train.notes.push_back("note " + std::to_string(i));
  const NamedDataset datasets[] = {{"train", &train}};
  const std::string text = data_report(result, datasets);
  EXPECT_LE(lines_of(text), 36) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("Labels (77)"), HasSubstr("intent_0 "), HasSubstr("intent_76"),
                          HasSubstr(" more ...")));
  EXPECT_THAT(text, HasSubstr("1 label has fewer than 10 training rows"));
}

TEST(DataReport, OfUsersTextCannotCommandTheTerminal) {
  CheckResult result = reviews();
  add_findings(result);
  result.labels[0].label = "\x1b[2J";
  result.splits[0].path = "\x1b]0;x\a.csv";
  result.splits[1].leak_examples[0].text = "\x1b[31m";
  EXPECT_THAT(data_report(result), Not(HasSubstr("\x1b")));
}

TEST(DataReport, OfNothingIsEmpty) { EXPECT_EQ(data_report({}), ""); }

}  // namespace
}  // namespace bertune::report
