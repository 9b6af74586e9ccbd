#include "report/vocabulary_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bertune::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

BuiltVocabulary built() {
  BuiltVocabulary result{.tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "\x1b", "##a", "aa"},
                         .statistics = {}};
  VocabularyStatistics& statistics = result.statistics;
  statistics.texts = 1200;
  statistics.words = 4000;
  statistics.distinct_words = 30;
  statistics.characters = 2;
  statistics.whole_words = 3000;
  statistics.unknown_words = 40;
  statistics.pieces = 5000;
  statistics.examples = {{"aa", "##a\x1b"}};
  return result;
}

TEST(VocabularyReport, CountsAndShares) {
  const std::string report = vocabulary_report(built(), {}, Style());
  EXPECT_THAT(report, HasSubstr("texts                 1,200\n"));
  EXPECT_THAT(report, HasSubstr("different words          30\n"));
  EXPECT_THAT(report, HasSubstr("special tokens                 5\n"));
  EXPECT_THAT(report, HasSubstr("pieces that begin a word       3\n"));
  EXPECT_THAT(report, HasSubstr("pieces that continue one (##)  1\n"));
  EXPECT_THAT(report, HasSubstr("one piece      75.0% of words (3,000)\n"));
  EXPECT_THAT(report, HasSubstr("pieces a word  1.250\n"));
  EXPECT_THAT(report, HasSubstr("[UNK]          1.0% of words (40)\n"));
  EXPECT_THAT(report, HasSubstr("aa ##a"));
  EXPECT_EQ(report.find('\x1b'), std::string::npos);  // texts are not to be trusted on a terminal
}

TEST(VocabularyReport, NotesSayWhatIsMissing) {
  BuiltVocabulary result = built();
  EXPECT_THAT(vocabulary_notes(result, {.vocab_size = 9}), IsEmpty());
  result.statistics.dropped_characters = 3;
  result.statistics.too_long_words = 4;
  result.statistics.malformed_sequences = 5;
  EXPECT_THAT(vocabulary_notes(result, {}),
              ElementsAre(HasSubstr("9 tokens, not 30,522"), HasSubstr("3 rare characters"),
                          HasSubstr("4 words"), HasSubstr("5 places")));
}

TEST(VocabularyReport, JsonHasTheSameNumbers) {
  const Json json = vocabulary_json(built());
  EXPECT_EQ(json.at("vocab_size"), 9);
  EXPECT_EQ(json.at("whole_word_share"), 0.75);
  EXPECT_EQ(json.at("pieces_per_word"), 1.25);
  EXPECT_EQ(json.at("unknown_share"), 0.01);
}

}  // namespace
}  // namespace bertune::report
