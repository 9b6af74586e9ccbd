#include "report/data_report.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "report/finding_text.h"

namespace bertune::report {
namespace {

using data::CheckResult;
using data::SetCheck;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

SetCheck set_of(const std::string& name, const std::string& path, std::int64_t rows,
                const data::LengthCheck& lengths) {
  SetCheck set;
  set.name = name, set.path = path, set.unit = "row", set.rows = rows;
  set.lengths = lengths;
  return set;
}

Finding found(FindingKind kind, const std::string& set, std::int64_t rows, std::int64_t of_rows,
              const std::string& advice) {
  Finding finding;
  finding.kind = kind, finding.set = set, finding.rows = rows, finding.of_rows = of_rows;
  finding.advice = advice;
  return finding;
}

CheckResult reviews() {
  CheckResult result;
  result.sets = {set_of("train", "data/train.csv", 3600, {3600, 90000, 21, 40, 60, 128, 311, 128, 36, 2880}),
                 set_of("validation", "data/dev.csv", 400, {400, 9000, 20, 39, 61, 99, 120, 128})};
  result.labels = {{"negative", {2000, 210}}, {"positive", {1600, 190}}};
  result.labeled = {3600, 400};
  Finding cut = found(FindingKind::truncated, "train", 36, 3600, "shorten them");
  cut.unit = "text", cut.limit = 128, cut.tokens = 2880, cut.of_tokens = 90000;
  result.findings = {cut};
  return result;
}

void add_findings(CheckResult& result) {
  Finding leak = found(FindingKind::leak, "validation", 12, 400, "remove them from train");
  leak.with_other_label = 2;
  leak.examples = {{{"data/train.csv:3", "data/dev.csv:9"}, {"positive", "positive"}, "Loved it"}};
  Finding conflict = found(FindingKind::conflict, "train", 4, 3600, "correct or remove them");
  conflict.examples = {
      {{"data/train.csv:17", "data/train.csv:918"}, {"positive", "negative"}, "Not bad at all"},
      {{"data/train.csv:60", "data/train.csv:61"}, {"positive", "negative"}, "hm"}};
  Finding duplicate = found(FindingKind::duplicate, "train", 25, 3600, "keep one of each");
  duplicate.examples = {{{"data/train.csv:5", "data/train.csv:77"}, {"positive", "positive"}, "Great!"}};
  Finding empty = found(FindingKind::empty_text, "train", 1, 3600, "remove them");
  empty.where = {"data/train.csv:400"};
  result.findings = {leak, conflict, duplicate, empty, result.findings.front()};
}

std::ptrdiff_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(DataReport, SaysWhatIsThere) {
  const std::string text = data_report(reviews());
  EXPECT_THAT(text, StartsWith("Data\n  train       3,600 rows  data/train.csv\n"
                               "  validation    400 rows  data/dev.csv\n\nLabels (2)\n"));
  EXPECT_THAT(text, HasSubstr("  negative  2,000   55.6%  210   52.5%\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "  train: 36 texts (1.0%) are longer than `max_length=128` and will be cut; 3.2% of tokens\n"));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("Findings")), Not(HasSubstr("\n\n\n")), Not(EndsWith("\n\n"))));
}

TEST(DataReport, SaysWhatToDo) {
  CheckResult result = reviews();
  add_findings(result);
  const std::string text = data_report(result);
  EXPECT_THAT(text,
              HasSubstr("  validation: 12 rows (3.0%) also appear in train, 2 with a different label; scores "
                        "will be inflated: remove them from train\n"));
  EXPECT_THAT(text, HasSubstr("    data/train.csv:3 and data/dev.csv:9: Loved it\n"));
  EXPECT_THAT(text,
              HasSubstr("  train: 4 rows (0.1%) share a text but not the label: correct or remove them\n"));
  EXPECT_THAT(
      text,
      HasSubstr("    data/train.csv:17 \"positive\" and data/train.csv:918 \"negative\": Not bad at all\n"));
  EXPECT_THAT(text, HasSubstr("  train: 25 rows (0.7%) repeat an earlier text: keep one of each\n"));
  EXPECT_THAT(text,
              HasSubstr("1 row (0.0%) with an empty text, the first at data/train.csv:400: remove them\n"));
  EXPECT_LE(lines_of(text), 31);
}

TEST(DataReport, ShowsTheChosenColumns) {
  CheckResult result = reviews();
  result.sets[0].columns = {{"review", 1, true},
                            {},
                            {"stars", 2, false},
                            {"part", 3, false},
                            {},
                            {},
                            {"id", "review", "stars", "part"}};
  result.sets[0].notes = {"train.csv: columns detected: text = \"review\"", "train.csv:7: the text is empty"};
  result.sets[1].columns = {{"text", 0, true}, {}, {"stars", 1, false}, {}, {}, {}, {"text", "stars"}};
  const std::string text = data_report(result);
  EXPECT_THAT(text, HasSubstr("Columns\n  text column: \"review\" (detected)\n  label column: \"stars\"\n"
                              "  fold column: \"part\"\n  not used: \"id\"\n  but in validation:  text "
                              "column: \"text\" (detected),"));
  EXPECT_THAT(text, HasSubstr("Notes\n  train.csv:7: the text is empty\n"));
}

TEST(DataReport, StaysShortWithManyLabels) {
  CheckResult result = reviews();
  add_findings(result);
  result.labels.clear();
  for (int i = 0; i < 77; ++i) result.labels.push_back({"intent_" + std::to_string(i), {200 - i, 10}});
  Finding rare = found(FindingKind::rare_label, "train", 4, 3600, ""),
          imbalance = found(FindingKind::imbalance, "train", 204, 3600, "judge by f1_macro, not accuracy");
  rare.limit = 10, rare.labels = {{"intent_76", 4}};
  imbalance.labels = {{"intent_0", 200}, {"intent_76", 4}};
  result.findings.insert(result.findings.begin(), {rare, imbalance});
  result.sets[0].columns = {{"text", 0, true}, {}, {"label", 1, true}, {}, {}, {}, {"text", "label"}};
  for (int i = 0; i < 20; ++i) result.sets[0].notes.push_back("note " + std::to_string(i));
  const std::string text = data_report(result);
  EXPECT_LE(lines_of(text), 36) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("Labels (77)"), HasSubstr("intent_0 "), HasSubstr("intent_76"),
                          HasSubstr(" more ...")));
  EXPECT_THAT(
      text,
      HasSubstr("  1 label has fewer than 10 training rows, too few to learn well: \"intent_76\" (4)\n"
                "  the most frequent has 50 times the rows of the least: judge by f1_macro, not accuracy\n"));
}

TEST(DataReport, OfSentencesCountsWordsAndTags) {
  CheckResult result;
  result.sets = {set_of("train", "a.conll", 2, {2, 20, 9, 11, 11, 11, 11, 128})};
  result.sets[0].unit = "sentence", result.sets[0].counts = {{1234, "word"}, {3, "tag", " (IOB2)"}};
  result.label = "tag", result.labels = {{"O", {1200}}, {"B-X", {34}}}, result.labeled = {1234};
  Finding rare = found(FindingKind::rare_label, "train", 4, 1234, ""),
          conflict = found(FindingKind::conflict, "train", 2, 2, "correct or remove them"),
          windows = found(FindingKind::windowed, "train", 1, 2, "");
  rare.unit = "word", rare.limit = 40, rare.labels = {{"B-X", 34}};
  conflict.unit = windows.unit = "sentence", windows.limit = 8;
  result.findings = {conflict, rare, windows};
  EXPECT_EQ(
      data_report(result),
      "Data\n  train  2 sentences  a.conll  1,234 words, 3 tags (IOB2)\n\n"
      "Tags (2)\n               train\n  O    1,200   97.2%\n  B-X     34    2.8%\n"
      "  1 tag has fewer than 40 training words, too few to learn well: \"B-X\" (34)\n\n"
      "Length in tokens\n         median  90%  95%  99%  longest\n"
      "  train       9   11   11   11       11\n"
      "  train: 1 sentence (50.0%) is longer than `max_length=8` and is read in parts that overlap\n\n"
      "Findings\n  train: 2 sentences (100.0%) share a text but not the tags: correct or remove them\n");
}

TEST(DataReport, OfQuestionsWithChoicesShowsWhereTheRightOneStands) {
  CheckResult result;
  result.sets = {set_of("train", "a.csv", 30, {90, 900, 9, 11, 11, 11, 11, 128})};
  result.sets[0].unit = "question", result.sets[0].counts = {{3, "choice", " each"}};
  result.lengths_of = "a choice with its question";
  result.label = "choice", result.labels = {{"0", {30}}}, result.labeled = {30};
  Finding always = found(FindingKind::one_label, "train", 30, 30, "");
  always.unit = "question", always.labels = {{"0", 30}};
  result.findings = {always};
  EXPECT_THAT(
      data_report(result),
      StartsWith(
          "Data\n  train  30 questions  a.csv  3 choices each\n\n"
          "Right choices (1)\n          train\n  0  30  100.0%\n"
          "  the right choice is always number 0\n\nLength in tokens of a choice with its question\n"));
}

TEST(DataReport, OfNumbersShowsTheirRange) {
  CheckResult result = reviews();
  result.labels.clear();
  result.sets[0].numbers = {0, 2.5, 2.604999, 5};
  EXPECT_THAT(data_report(result), HasSubstr("Numbers\n         least  median   mean  most\n"
                                             "  train      0     2.5  2.605     5\n"));
}

TEST(DataReport, OfUsersTextCannotCommandTheTerminal) {
  CheckResult result = reviews();
  add_findings(result);
  result.labels[0].label = "\x1b[2J";
  result.sets[0].path = "\x1b]0;x\a.csv";
  result.findings[0].examples[0].text = "\x1b[31m";
  result.findings[0].examples[0].where[0] = "\x1b[32m";
  result.findings[1].examples[0].labels[0] = "\x1b[33m";
  result.findings[3].where[0] = "\x1b[34m";
  EXPECT_THAT(data_report(result), Not(HasSubstr("\x1b")));
}

TEST(DataReport, OfNothingIsEmpty) { EXPECT_EQ(data_report({}), ""); }

TEST(FindingText, OneLineSaysWhatWhereAndWhatToDo) {
  CheckResult result = reviews();
  add_findings(result);
  EXPECT_EQ(
      to_string(result.findings[0]),
      "validation: 12 rows (3.0%) also appear in train, 2 with a different label; scores will be inflated: "
      "remove them from train");
  EXPECT_EQ(to_string(result.findings[4]),
            "train: 36 texts (1.0%) are longer than `max_length=128` and will be cut; 3.2% of tokens: "
            "shorten them");
  Finding shared = found(FindingKind::shared_context, "test", 2, 3, "");
  shared.unit = "question";
  EXPECT_EQ(to_string(shared),
            "test: 2 questions (66.7%) have a context that also appears in train; scores will be "
            "inflated");
  EXPECT_EQ(to_string(FindingKind::shared_context), "shared_context");
}

}  // namespace
}  // namespace bertune::report
