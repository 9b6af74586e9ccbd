// What the texts themselves and their labels show.
#include <gmock/gmock.h>

#include <fmt/format.h>

#include <string>

#include "data/checks.h"
#include "data/checks/surface.h"

namespace bertune::data::testing {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::Not;

// Texts without anything odd: numbers spelled by letters, so that no two are alike.
std::string plain(int number) {
  std::string text = "row";
  for (int k = 0; k < 6; ++k)
    text += fmt::format(" {}", std::string(3 + (number * 7 + k) % 5,
                                           static_cast<char>('a' + (number * 31 + k * k * 17) % 26)));
  return text;
}

bool has(const CheckResult& result, FindingKind kind) {
  return std::ranges::any_of(result.findings, [&](const Finding& finding) { return finding.kind == kind; });
}

TEST(Surface, SeesWrongEncodings) {
  for (const char* text : {"cafÃ©", "itâ€™s", "10Â°", "a\xEF\xBF\xBD", "a\xC2\x85"})
    EXPECT_NE(find_mojibake(text), std::string_view::npos) << text;
  for (const char* text : {"café", "it’s", "NÃO", "château", "10°", "Â", "日本", "“so”"})
    EXPECT_EQ(find_mojibake(text), std::string_view::npos) << text;
}

TEST(Surface, SeesRemainsOfHtml) {
  for (const char* text :
       {"a<br />b", "<p>", "</DIV>", "AT&amp;T", "it&#39;s", "it #39;s", "<a href=\"x\">", "a lt;b"})
    EXPECT_NE(find_markup(text), std::string_view::npos) << text;
  for (const char* text : {"a < b > c", "<3 you", "<name>", "me; you", "No #1;", "x<y>z", "5;", "<b or not"})
    EXPECT_EQ(find_markup(text), std::string_view::npos) << text;
}

TEST(Check, FindsWhatMostTextsBeginWith) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 60; ++i)
    csv += fmt::format("Dear support team of {},{}\n", plain(i), i % 2 == 0 ? "a" : "b");
  const Dataset train = dataset_of(csv);
  const Finding found = finding_of(check_labelled({{"train", &train}}), FindingKind::boilerplate, "train");
  EXPECT_EQ(found.rows, 60);
  EXPECT_EQ(found.detail, "Dear support team of row");
}

TEST(Check, FindsAWordThatTellsTheLabel) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 100; ++i)
    csv += fmt::format("{} {},{}\n", i % 2 == 0 ? "[P]" : "", plain(i), i % 2 == 0 ? "pos" : "neg");
  const Dataset train = dataset_of(csv);
  const CheckResult result = check_labelled({{"train", &train}});
  const Finding found = finding_of(result, FindingKind::label_word, "train");
  EXPECT_EQ(found.detail, "p");
  EXPECT_EQ(found.severity, Severity::error);
  EXPECT_EQ(found.labels[0].label, "pos");
  EXPECT_THAT(found.where[0], EndsWith("data.csv:2"));
}

TEST(Check, AWordOfOneClassOfManyIsNoLeak) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 160; ++i)
    csv += fmt::format("{} {},{}\n", i % 4 == 0 ? "many" : "", plain(i),
                       std::string(1, static_cast<char>('a' + i % 4)));
  const Dataset train = dataset_of(csv);
  EXPECT_FALSE(has(check_labelled({{"train", &train}}), FindingKind::label_word));
}

TEST(Check, FindsLengthsThatTellTheLabel) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 120; ++i)
    csv += fmt::format("{}{},{}\n", plain(i), i % 2 == 0 ? " " + plain(i + 1000) : "",
                       i % 2 == 0 ? "long" : "short");
  const Dataset train = dataset_of(csv);
  const Finding found = finding_of(check_labelled({{"train", &train}}), FindingKind::label_length, "train");
  EXPECT_GE(found.value, 0.9);
}

TEST(Check, FindsSortedLabels) {
  std::string sorted = "text,label\n", mixed = sorted;
  for (int i = 0; i < 90; ++i) {
    sorted += fmt::format("{},{}\n", plain(i), i / 30);
    mixed += fmt::format("{},{}\n", plain(i), (i * i) % 3);
  }
  const Dataset one = dataset_of(sorted), other = dataset_of(mixed);
  EXPECT_EQ(finding_of(check_labelled({{"train", &one}}), FindingKind::sorted, "train").rows, 90);
  EXPECT_FALSE(has(check_labelled({{"train", &other}}), FindingKind::sorted));
}

TEST(Check, FindsLabelsWrittenInTwoWays) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 240; ++i)
    csv += fmt::format("{},{}\n", plain(i),
                       i == 7       ? "delivry"
                       : i == 9     ? "Billing"
                       : i % 2 == 0 ? "delivery"
                                    : "billing");
  const Dataset train = dataset_of(csv);
  std::vector<std::string> pairs;
  for (const Finding& found : check_labelled({{"train", &train}}).findings)
    if (found.kind == FindingKind::similar_labels)
      pairs.push_back(found.labels[0].label + " " + found.labels[1].label + " " +
                      found.where[0].substr(found.where[0].rfind(':')));
  EXPECT_THAT(pairs, ::testing::UnorderedElementsAre("delivry delivery :9", "Billing billing :11"));
}

TEST(Check, LabelsOfTheirOwnAreNotTypos) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 240; ++i)
    csv += fmt::format("{},{}\n", plain(i),
                       i % 60 == 0  ? "class 11"
                       : i % 2 == 0 ? "class 12"
                       : i % 3 == 0 ? "import"
                                    : "export");
  const Dataset train = dataset_of(csv);
  EXPECT_FALSE(has(check_labelled({{"train", &train}}), FindingKind::similar_labels));
}

TEST(Check, ComparesSetsWithTraining) {
  std::string train_csv = "text,label\n", test_csv = train_csv, same_csv = train_csv;
  for (int i = 0; i < 200; ++i) {
    train_csv += fmt::format("{},{}\n", plain(i % 40), i % 2 == 0 ? "a" : "b");
    same_csv += fmt::format("{},{}\n", plain(i % 40), i % 2 == 0 ? "a" : "b");
    test_csv += fmt::format("{} new{} words{} only{},{}\n", plain(i % 40), i, i, i, i % 10 == 0 ? "a" : "b");
  }
  const Dataset train = dataset_of(train_csv), test = dataset_of(test_csv), same = dataset_of(same_csv);
  const CheckResult drifted = check_labelled({{"train", &train}, {"test", &test}}),
                    still = check_labelled({{"train", &train}, {"test", &same}});
  for (const FindingKind kind :
       {FindingKind::label_drift, FindingKind::length_drift, FindingKind::word_drift}) {
    EXPECT_TRUE(has(drifted, kind)) << to_string(kind);
    EXPECT_FALSE(has(still, kind)) << to_string(kind);
  }
}

TEST(Check, RanksByWhatFindingsCost) {
  std::vector<Finding> findings(4);
  findings[0].kind = FindingKind::sorted, findings[0].severity = Severity::note;
  findings[1].kind = FindingKind::duplicate, findings[1].rows = 2, findings[1].of_rows = 10;
  findings[2].kind = FindingKind::conflict, findings[2].rows = 2, findings[2].of_rows = 10;
  findings[3].kind = FindingKind::one_label, findings[3].severity = Severity::error;
  rank_findings(findings);
  EXPECT_EQ(findings[0].kind, FindingKind::one_label);
  EXPECT_EQ(findings[1].kind, FindingKind::conflict);
  EXPECT_EQ(findings[3].kind, FindingKind::sorted);
}

TEST(Check, LooksAtTheVocabulary) {
  std::vector<std::string> pieces = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
                                     "the",   "red",   "house", "is",    "old"};
  for (const char* letter : {"ж", "и", "л", "д", "о", "м", "к", "р", "а", "с", "н", "ы", "й"})
    pieces.push_back(letter), pieces.push_back(std::string("##") + letter);
  for (char letter = 'a'; letter <= 'z'; ++letter)
    pieces.emplace_back(1, letter), pieces.push_back(std::string("##") + letter);
  const BertTokenizer tokenizer = BertTokenizer::from_tokens(pieces);
  const auto kinds_for = [&](const std::string& text, const std::string& label) {
    std::string csv = "text,label\n";
    for (int i = 0; i < 30; ++i) csv += text + "," + (i % 2 == 0 ? "a" : "b") + "\n";
    const Dataset train = dataset_of(csv);
    return check_labelled({{"train", &train}}, {.label = label, .tokenizer = &tokenizer});
  };
  EXPECT_FALSE(has(kinds_for("the red house is old", "label"), FindingKind::fragmented));
  EXPECT_TRUE(has(kinds_for("talo punainen vanha", "label"), FindingKind::unknown_script) ||
              has(kinds_for("talo punainen vanha", "label"), FindingKind::fragmented));
  const CheckResult russian = kinds_for("красный дом", "label");
  EXPECT_EQ(finding_of(russian, FindingKind::unknown_script, "train").detail, "Cyrillic");
  EXPECT_EQ(finding_of(russian, FindingKind::unknown_script, "train").severity, Severity::error);
  EXPECT_TRUE(has(kinds_for("the red house is old", "tag"), FindingKind::cased_text));
}

}  // namespace
}  // namespace bertune::data::testing
