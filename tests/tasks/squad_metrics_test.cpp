// Expected values are those of SQuAD's official scripts, worked out by hand or taken from them.
#include "tasks/question_answering/metrics.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <map>

#include "bertune/error.h"
#include "tasks/question_answering/normalize_answer.h"

namespace bertune::tasks {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Golds = std::vector<std::string_view>;

TEST(NormalizeAnswer, DropsCaseArticlesPunctuationAndSpace) {
  EXPECT_EQ(normalize_answer("  The Denver-Broncos,\tand an \"Apple\"! "), "denverbroncos and apple");
  EXPECT_EQ(normalize_answer("a"), "");
  EXPECT_EQ(normalize_answer("The, a. AN"), "");
  EXPECT_EQ(normalize_answer("theatre at Anna's"), "theatre at annas");
  EXPECT_EQ(normalize_answer("the_a"), "thea");  // punctuation goes first and joins
  EXPECT_EQ(normalize_answer("$1.50%"), "150");
  EXPECT_EQ(normalize_answer(""), "");
  EXPECT_EQ(normalize_answer("!?"), "");
}

TEST(NormalizeAnswer, ReadsUnicodeAsPythonDoes) {
  EXPECT_EQ(normalize_answer("ÉCOLE ΟΔΟΣ Σ"), "école οδος σ");
  EXPECT_EQ(normalize_answer("x\u00a0y\u3000z\u2028w"), "x y z w");
  EXPECT_EQ(normalize_answer("x\u200by"), "x\u200by");                 // a zero width space is none
  EXPECT_EQ(normalize_answer("the\u2013a\u2014b"), "\u2013 \u2014b");  // dashes beyond ASCII stay
  EXPECT_EQ(normalize_answer("a\u00b2 a\u4e2d an\u00e9"), "a\u00b2 a\u4e2d an\u00e9");
  EXPECT_EQ(normalize_answer("\u0130"), "i\u0307");
  EXPECT_EQ(normalize_answer("中文 ไทย हिन्दी"), "中文 ไทย हिन्दी");
}

TEST(SquadScores, CountCommonWords) {
  EXPECT_EQ(exact_match("The Rome.", "rome"), 1);
  EXPECT_EQ(exact_match("Rome, Italy", "rome"), 0);
  EXPECT_THAT(f1_score("Rome, Italy", "rome"), DoubleEq(2 * 0.5 * 1 / 1.5));
  EXPECT_THAT(f1_score("b b c", "b b b d"), DoubleEq(2 * (2.0 / 3) * 0.5 / (2.0 / 3 + 0.5)));
  EXPECT_EQ(f1_score("x", "y"), 0);
  EXPECT_EQ(f1_score("the", "y"), 0);
  EXPECT_EQ(f1_score("the", ""), 1);
}

TEST(SquadMetrics, FirstVersionTakesTheBestGold) {
  SquadMetrics metrics(SquadVersion::v1_1);
  metrics.add(Golds{"Rome", "in Rome"}, "in Rome");
  metrics.add(Golds{"Rome"}, "in Rome");
  metrics.add(Golds{"the"}, "a");  // equal when normalized, and without a common word
  metrics.add(Golds{"Rome"}, "");
  EXPECT_THAT(metrics.result(), ElementsAre(Pair("exact_match", DoubleEq(50)),
                                            Pair("f1", DoubleEq(100 * (1 + 2 * 0.5 / 1.5) / 4))));
}

std::map<std::string, double> second_version(double threshold) {
  SquadMetrics metrics(SquadVersion::v2_0, threshold);
  metrics.add(Golds{"Rome"}, "Rome", -2);     // right
  metrics.add(Golds{"Rome"}, "in Rome", -1);  // nearly right
  metrics.add(Golds{}, "Rome", 1);            // right when it is held back
  metrics.add(Golds{}, "Rome", -1.5);         // wrong unless it is
  metrics.add(Golds{}, "", 5);                // right anyway
  metrics.add(Golds{"Bern"}, "Bern", 3);      // right unless it is held back
  const auto values = metrics.result();
  return {values.begin(), values.end()};
}

TEST(SquadMetrics, SecondVersionCountsAnswersHeldBack) {
  const double partly = 2 * 0.5 / 1.5;
  const auto values = second_version(0);
  EXPECT_THAT(values.at("exact"), DoubleEq(100 * (1 + 0 + 1 + 0 + 1 + 0) / 6.0));
  EXPECT_THAT(values.at("f1"), DoubleEq(100 * (1 + partly + 1 + 0 + 1 + 0) / 6.0));
  EXPECT_EQ(values.at("total"), 6);
  EXPECT_THAT(values.at("HasAns_exact"), DoubleEq(100 / 3.0));
  EXPECT_THAT(values.at("HasAns_f1"), DoubleEq(100 * (1 + partly) / 3));
  EXPECT_EQ(values.at("HasAns_total"), 3);
  EXPECT_THAT(values.at("NoAns_exact"), DoubleEq(200 / 3.0));
  EXPECT_THAT(values.at("NoAns_f1"), DoubleEq(200 / 3.0));
  EXPECT_EQ(values.at("NoAns_total"), 3);
  // Exact: 3 without any answer, 4 with those up to -2, 3 to -1.5, 3 to -1, 2 to 1, 3 to 3.
  EXPECT_THAT(values.at("best_exact"), DoubleEq(400 / 6.0));
  EXPECT_EQ(values.at("best_exact_thresh"), -2);
  EXPECT_THAT(values.at("best_f1"), DoubleEq(400 / 6.0));
  EXPECT_EQ(values.at("best_f1_thresh"), -2);
}

TEST(SquadMetrics, ThresholdDoesNotChangeTheBest) {
  const auto held = second_version(-10), given = second_version(10);
  EXPECT_THAT(held.at("exact"), DoubleEq(50));
  EXPECT_THAT(given.at("HasAns_exact"), DoubleEq(200 / 3.0));
  EXPECT_THAT(given.at("NoAns_exact"), DoubleEq(100 / 3.0));
  for (const char* name : {"best_exact", "best_exact_thresh", "best_f1", "best_f1_thresh"})
    EXPECT_EQ(held.at(name), given.at(name)) << name;
}

TEST(SquadMetrics, KindsOfQuestionsThatAreNotThereAreLeftOut) {
  SquadMetrics metrics(SquadVersion::v2_0);
  metrics.add(Golds{"a"}, "x");  // a gold of articles alone stands for no answer, as in the script
  std::vector<std::string> names;
  for (const auto& [name, value] : metrics.result()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("exact", "f1", "total", "HasAns_exact", "HasAns_f1", "HasAns_total",
                                 "best_exact", "best_exact_thresh", "best_f1", "best_f1_thresh"));
}

TEST(SquadMetrics, OfNothingAreZero) {
  for (const SquadVersion version : {SquadVersion::v1_1, SquadVersion::v2_0}) {
    for (const auto& [name, value] : SquadMetrics(version).result()) EXPECT_EQ(value, 0) << name;
  }
  EXPECT_THROW(SquadMetrics(SquadVersion::v2_0).add(Golds{}, "", std::numeric_limits<double>::quiet_NaN()),
               Error);
}

}  // namespace
}  // namespace bertune::tasks
