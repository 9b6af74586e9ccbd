// Labels that are probably wrong: the formulas against cleanlab 2.9, and what is made of them.
#include "bertune/noise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "insight/results/confident_learning.h"
#include "insight/results/joined_predictions.h"
#include "insight/results/label_noise.h"
#include "insight/table_maker.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"
#include "tasks/corrections.h"
#include "tasks/text_classification/read.h"
#include "tasks/token_classification/read.h"

namespace bertune::insight {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::form_of_classes;
using ::testing::HasSubstr;
using testing::MadeRow;
using testing::message_of;
using ::testing::Not;
using testing::table_of;

// Drawn, and judged by cleanlab 2.9 with stable sorting. Rows 4 and 5 are equal.
JudgedLabels known() {
  return {.classes = 3,
          .probabilities = {0.10, 0.46, 0.44, 0.60, 0.15, 0.25, 0.72, 0.28, 0.00, 0.53, 0.20, 0.27,
                            0.53, 0.24, 0.23, 0.53, 0.24, 0.23, 0.36, 0.01, 0.63, 0.56, 0.30, 0.14,
                            0.29, 0.26, 0.45, 0.46, 0.29, 0.25, 0.45, 0.45, 0.10, 0.23, 0.75, 0.02,
                            0.49, 0.41, 0.10, 0.04, 0.93, 0.03, 0.50, 0.10, 0.40, 0.41, 0.56, 0.03,
                            0.06, 0.55, 0.39, 0.46, 0.19, 0.35, 0.81, 0.01, 0.18, 0.83, 0.06, 0.11,
                            0.12, 0.57, 0.31, 0.23, 0.64, 0.13, 0.35, 0.15, 0.50, 0.49, 0.28, 0.23},
          .labels = {2, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 1, 1, 1, 0, 0, 2, 2, 0, 0, 1, 1, 2, 1}};
}

std::vector<int> places(const std::vector<bool>& mask) {
  std::vector<int> at;
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (mask[i]) at.push_back(static_cast<int>(i));
  return at;
}

TEST(ConfidentLearning, EqualsCleanlab) {
  const JudgedLabels judged = known();
  const std::vector<double> thresholds = confident_thresholds(judged);
  EXPECT_NEAR(thresholds[0], 0.555, 1e-12);
  EXPECT_NEAR(thresholds[1], 0.5542857142857143, 1e-12);
  EXPECT_NEAR(thresholds[2], 0.462, 1e-12);
  const std::vector<std::int64_t> joint = confident_joint(judged);
  EXPECT_THAT(joint, ElementsAre(10, 2, 0, 1, 6, 0, 0, 0, 5));
  EXPECT_THAT(places(label_issues(judged, joint)), ElementsAre(7, 15));
  const LabelQuality quality = label_quality(judged.of(0), 2);
  EXPECT_NEAR(quality.self_confidence, 0.44, 1e-12);
  EXPECT_NEAR(quality.normalized_margin, 0.49, 1e-12);
  EXPECT_NEAR(quality.weighted_entropy, 0.553383431141184, 1e-12);
}

// A class without items has no threshold that anything reaches, and one with a single item keeps it.
TEST(ConfidentLearning, KnowsMissingAndSingleClasses) {
  const JudgedLabels three = known();
  JudgedLabels judged = three;
  judged.classes = 4;
  judged.probabilities.clear();
  for (std::int64_t item = 0; item < 24; ++item) {
    const auto p = three.of(item);
    judged.probabilities.insert(judged.probabilities.end(), {p[0], p[1], p[2], 0.0});
  }
  EXPECT_EQ(confident_thresholds(judged)[3], 2);
  std::vector<std::int64_t> joint = confident_joint(judged);
  EXPECT_THAT(joint, ElementsAre(10, 2, 0, 0, 1, 6, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0));
  EXPECT_THAT(places(label_issues(judged, joint)), ElementsAre(7, 15));
  judged.labels[15] = 3;  // its own probability is 0
  joint = confident_joint(judged);
  EXPECT_FALSE(label_issues(judged, joint)[15]);
}

TEST(ConfidentLearning, TheShareHasAnInterval) {
  const JudgedLabels judged = known();
  const ErrorRate rate = error_rate(judged, confident_joint(judged));
  EXPECT_NEAR(rate.value, 3.0 / 24, 1e-12);
  EXPECT_GT(rate.value, rate.interval.low);
  EXPECT_LT(rate.value, rate.interval.high);
  EXPECT_EQ(rate.interval.low, error_rate(judged, confident_joint(judged)).interval.low);
}

float log_odds(double p) { return static_cast<float>(std::log(p / (1 - p))); }

// Rows that are mostly right; one has the label of the other class.
std::vector<MadeRow> mostly_right() {
  std::vector<MadeRow> rows;
  for (int i = 0; i < 40; ++i) {
    const int label = i % 2;
    const float sure = 2 + static_cast<float>(i % 5);
    rows.push_back({{label == 0 ? sure : 0, label == 1 ? sure : 0},
                    {static_cast<float>(label)},
                    "t" + std::to_string(i)});
  }
  rows[7].truth = {0};   // its logits say 1
  rows[20].text = "t7";  // the same text as a row with another label
  rows[20].truth = {0};
  return rows;
}

TEST(LabelNoise, RanksWhatFitsLeast) {
  const PredictionTable table = table_of(form_of_classes({"no", "yes"}), mostly_right());
  const LabelNoise noise = label_noise(table, table.sets[0]);
  ASSERT_EQ(noise.issues, 1);
  ASSERT_EQ(noise.ranked.size(), 1U);
  const SuspiciousLabel& first = noise.ranked[0];
  EXPECT_EQ(first.where, "test.csv:9");
  EXPECT_EQ(first.given, "no");
  EXPECT_EQ(first.suggested, "yes");
  EXPECT_LT(first.score, 0.05);
  EXPECT_EQ(noise.items, 40);
  EXPECT_EQ(noise.confused[0].given, "no");
  EXPECT_EQ(noise.labels[0].label, "no");
  EXPECT_GT(*noise.error_rate, 0);
  EXPECT_EQ(label_noise(table, table.sets[0], {.top = 12}).ranked.size(), 12U);
}

TEST(LabelNoise, KnowsTwins) {
  std::vector<MadeRow> rows = mostly_right();
  rows[20].truth = {0}, rows[7].truth = {1}, rows[20].logits = {0, 5};
  const PredictionTable table = table_of(form_of_classes({"neg", "pos"}), rows);  // of one length
  const LabelNoise noise = label_noise(table, table.sets[0]);
  ASSERT_EQ(noise.ranked.size(), 1U);
  EXPECT_TRUE(noise.ranked[0].has_twin);
}

TEST(LabelNoise, JudgesEachOfSeveralLabels) {
  tasks::RecordForm form = form_of_classes({"a", "b"});
  form.outcome = tasks::Outcome::labels;
  std::vector<MadeRow> rows;
  for (int i = 0; i < 30; ++i) {
    const bool a = i % 2 == 0, b = i % 3 == 0;
    rows.push_back({{log_odds(a ? 0.9 : 0.1), log_odds(b ? 0.8 : 0.1)}, {a ? 1.0F : 0, b ? 1.0F : 0}});
  }
  rows[4].truth = {1, 1};  // b is missing in what is predicted
  const PredictionTable table = table_of(form, rows);
  const LabelNoise noise = label_noise(table, table.sets[0]);
  ASSERT_EQ(noise.issues, 1);
  EXPECT_EQ(noise.ranked[0].given, "a|b");
  EXPECT_EQ(noise.ranked[0].suggested, "a");
  EXPECT_NEAR(noise.ranked[0].score, 0.8 * 0.1 + 0.2 * 0.9, 1e-6);
}

TEST(LabelNoise, NumbersAreSuspiciousByTheirDistance) {
  tasks::RecordForm form{.outcome = tasks::Outcome::numbers, .labels = {"score"}};
  std::vector<MadeRow> rows;
  for (int i = 0; i < 30; ++i) {
    const auto number = static_cast<float>(i % 5);
    rows.push_back({{number + 0.1F * static_cast<float>(i % 3)}, {number}});
  }
  rows[11].truth = {4.5F};
  const PredictionTable table = table_of(form, rows);
  const LabelNoise noise = label_noise(table, table.sets[0], {.top = 2});
  EXPECT_FALSE(noise.error_rate);
  EXPECT_EQ(noise.issues, 1);
  EXPECT_EQ(noise.ranked[0].given, "4.5");
  EXPECT_NEAR(noise.ranked[0].score, std::exp(-std::abs(rows[11].logits[0] - 4.5)), 1e-6);
  EXPECT_FALSE(noise.ranked[1].is_issue);
}

TEST(LabelNoise, TwoModelsAreJoinedByTheirProbabilities) {
  const float half = 0, quarter = -std::log(3.0F);
  const auto form = form_of_classes({"a", "b"});
  const PredictionTable first = table_of(form, {{{half, half}, {0}}, {{2, -2}, {1}}}),
                        second = table_of(form, {{{quarter, half}, {0}}, {{2, -2}, {1}}});
  const PredictionTable both = joined(first, second, "test");
  EXPECT_NEAR(both.sets[0].logits[0], std::log(0.375), 1e-6);  // of 0.5 and 0.25
  EXPECT_NEAR(both.sets[0].logits[1], std::log(0.625), 1e-6);
  EXPECT_NEAR(both.sets[0].logits[2] - both.sets[0].logits[3], 4, 1e-5);

  tasks::RecordForm labels = form;
  labels.outcome = tasks::Outcome::labels;
  EXPECT_NEAR(joined(table_of(labels, {{{quarter, half}, {0, 1}}}),
                     table_of(labels, {{{half, half}, {0, 1}}}), "test")
                  .sets[0]
                  .logits[0],
              std::log(0.375 / 0.625), 1e-6);
  tasks::RecordForm numbers{.outcome = tasks::Outcome::numbers, .width = 1};
  EXPECT_EQ(
      joined(table_of(numbers, {{{1}, {2}}}), table_of(numbers, {{{4}, {2}}}), "test").sets[0].logits[0],
      2.5F);

  EXPECT_THAT(message_of<Error>([&] {
                joined(first, table_of(form, {{{half, half}, {0}}, {{2, -2}, {1}, "another"}}), "test");
              }),
              HasSubstr("not of the same rows"));
  EXPECT_THAT(message_of<Error>([&] { joined(first, second, "train"); }),
              HasSubstr("no predictions of a set"));
}

TEST(LabelNoise, OtherResultsAreRefused) {
  const tasks::RecordForm form{.outcome = tasks::Outcome::cosines};
  const PredictionTable table = table_of(form, {{{0.5F}, {1}}});
  EXPECT_THROW(label_noise(table, table.sets[0]), UsageError);
}

class NoiseFiles : public ::testing::Test {
 protected:
  // Every tenth label of a set that is easy otherwise is wrong.
  std::string noisy_rows(int rows) const {
    std::string csv = "text,label\n", clean = bertune::testing::tiny_dataset(rows);
    std::size_t begin = clean.find('\n') + 1;
    for (int i = 0; i < rows; ++i) {
      const std::size_t end = clean.find('\n', begin);
      std::string line = clean.substr(begin, end - begin);
      if (i % 10 == 3)
        line = line.substr(0, line.rfind(',')) + (line.ends_with("positive") ? ",negative" : ",positive");
      csv += line + "\n", begin = end + 1;
    }
    return csv;
  }
  tasks::TrainingFiles training(const std::string& relabel, const std::string& exclude = "") {
    tasks::TrainingFiles made;
    made.train = files.path() / "train.csv", made.validation_split = 0;
    if (!relabel.empty()) made.relabel = files.write("relabel.csv", relabel);
    if (!exclude.empty()) made.exclude = files.write("exclude.csv", exclude);
    return made;
  }
  std::vector<std::string> labels(const tasks::TrainingFiles& made) {
    const auto sets = tasks::text_classification::read_labelled(made);
    std::vector<std::string> all;
    for (const data::Row& row : sets.train.rows.rows) all.emplace_back(row.label);
    return all;
  }
  bertune::testing::TemporaryDirectory files;
};

TEST_F(NoiseFiles, FlippedLabelsAreFound) {
  bertune::testing::write_tiny_checkpoint(files.path() / "base");
  files.write("train.csv", noisy_rows(120));
  const LabelNoise noise =
      find_label_noise({.train = files.path() / "train.csv", .model = files.path() / "base", .top = 12});
  EXPECT_EQ(noise.items, 120);
  int right = 0;
  for (const SuspiciousLabel& one : noise.ranked) right += one.row % 10 == 3 ? 1 : 0;
  EXPECT_GE(right, 9);
  EXPECT_THAT(noise.ranked[0].where, HasSubstr("train.csv:"));
}

TEST_F(NoiseFiles, WordsAndNumbersAreJudgedToo) {
  bertune::testing::write_tiny_checkpoint(files.path() / "base");
  std::string tagged, numbers = "text,label\n";
  for (int i = 0; i < 40; ++i) {
    const std::string letter(1, static_cast<char>('a' + i % 20));
    tagged += "the\tO\nfilm\t" + std::string(i == 17 ? "O" : "B-X") + "\n" + letter + "\tO\nwas\tO\n\n";
    numbers += "the film was " + std::string(i % 2 == 0 ? "good " : "bad ") + letter + "," +
               (i == 8       ? "9.5"
                : i % 2 == 0 ? "1.5"
                             : "0.5") +
               "\n";
  }
  files.write("train.conll", tagged), files.write("numbers.csv", numbers);
  const LabelNoise words =
      find_label_noise({.train = files.path() / "train.conll", .model = files.path() / "base"});
  EXPECT_EQ(words.unit, "word");
  EXPECT_EQ(words.items, 160);
  ASSERT_FALSE(words.ranked.empty());
  EXPECT_EQ(words.ranked[0].row, 17);
  EXPECT_EQ(words.ranked[0].word, 1);
  EXPECT_EQ(words.ranked[0].word_text, "film");
  EXPECT_EQ(words.ranked[0].suggested, "B-X");
  const LabelNoise found = find_label_noise(
      {.train = files.path() / "numbers.csv", .model = files.path() / "base", .problem_type = "regression"});
  ASSERT_FALSE(found.ranked.empty());
  EXPECT_EQ(found.ranked[0].row, 8);
}

TEST_F(NoiseFiles, CorrectionsReplaceAndLeaveOut) {
  files.write("train.csv", "text,label\none,a\ntwo,b\nthree,a\nfour,b\nfive,a\n");
  EXPECT_THAT(labels(training("where,correct\nother/folder/train.csv:2,b\ntrain.csv:3,\ntrain.csv:4,drop\n")),
              ElementsAre("b", "b", "b", "a"));
  EXPECT_THAT(labels(training("", "where\ntrain.csv:3\n")), ElementsAre("a", "a", "b", "a"));
  // As a spreadsheet of another country writes it.
  EXPECT_THAT(labels(training("where;correct;text\ntrain.csv:2; b ;one\n")),
              ElementsAre("b", "b", "a", "b", "a"));
}

TEST_F(NoiseFiles, AChangedFileIsNoticed) {
  files.write("train.csv", "text,label\none,a\ntwo,b\nthree,a\nfour,b\nfive,a\n");
  const std::string hash = data::hash_of("one", "");
  EXPECT_THAT(labels(training("where,correct,hash\ntrain.csv:2,b,h" + hash + "\n")),
              ElementsAre("b", "b", "a", "b", "a"));
  EXPECT_THAT(message_of([&] { labels(training("where,correct,hash\ntrain.csv:3,b,h" + hash + "\n")); }),
              AllOf(HasSubstr("relabel.csv:2"), HasSubstr("train.csv:3"), HasSubstr("another one now")));
  EXPECT_THAT(message_of([&] { labels(training("where,correct\ntrain.csv:9,b\n")); }),
              AllOf(HasSubstr("relabel.csv:2"), HasSubstr("does not have")));
  EXPECT_THAT(message_of([&] { labels(training("where,correct\ntrain.csv:2,bb\n")); }),
              AllOf(HasSubstr("\"bb\" is of no row"), HasSubstr("\"b\"?")));
  EXPECT_THAT(message_of([&] { labels(training("where,label\ntrain.csv:2,b\n")); }),
              HasSubstr("\"correct\""));
}

// Classes that are called numbers are classes, too: a typo is not a new one.
TEST_F(NoiseFiles, ATypoAmongNumberedClassesIsNoticed) {
  files.write("train.csv", "text,label\none,0\ntwo,1\nthree,0\nfour,1\nfive,0\n");
  EXPECT_THAT(message_of([&] { labels(training("where,correct\ntrain.csv:2,11\n")); }),
              HasSubstr("\"11\" is of no row"));
  EXPECT_THAT(labels(training("where,correct\ntrain.csv:2,1\n")), ElementsAre("1", "1", "0", "1", "0"));
}

TEST_F(NoiseFiles, TagsOfWordsAreCorrected) {
  files.write("train.conll", "one\tO\ntwo\tB-X\n\nthree\tO\n\nfour\tB-X\n\n");
  tasks::TrainingFiles made = training("where,word,correct\ntrain.conll:1,0,B-X\ntrain.conll:6,0,drop\n");
  made.train = files.path() / "train.conll";
  const auto read = tasks::token_classification::read_labelled(made, BertConfig());
  ASSERT_EQ(read.sentences.size(), 2);
  EXPECT_THAT(read.sentences.sentences[0].tags, ElementsAre("B-X", "B-X"));
}

TEST_F(NoiseFiles, SeveralLabelsAreCorrectedInAnyForm) {
  files.write("train.csv",
              "text,label\none,\"[\"\"a\"\"]\"\ntwo,\"[\"\"a\"\", \"\"b\"\"]\"\nthree,\"[\"\"b\"\"]\"\n");
  tasks::TrainingFiles made = training("where,correct\ntrain.csv:2,a|b\n");
  const auto sets = tasks::text_classification::read_labelled(made);
  EXPECT_THAT(sets.train.targets, ElementsAre(1, 1, 1, 1, 0, 1));
}

TEST_F(NoiseFiles, TheFileToCorrectHasRoomForAnAnswer) {
  const PredictionTable table = table_of(form_of_classes({"no", "yes"}), mostly_right());
  const std::string csv = corrections_csv(label_noise(table, table.sets[0]));
  EXPECT_THAT(
      csv,
      HasSubstr("where,given,suggested,correct,score,margin,issue,twin,text,hash\ntest.csv:9,no,yes,,0."));
  EXPECT_THAT(csv, HasSubstr("t7,h" + data::hash_of("t7", "") + "\n"));
}

}  // namespace
}  // namespace bertune::insight
