#include "data/tagged/words.h"

#include <gmock/gmock.h>

#include <string>

namespace bertune::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  for (const Span span : split_words(text))
    found.emplace_back(text.substr(span.begin, span.end - span.begin));
  return found;
}

TEST(SplitWords, AtWhiteSpacePunctuationAndIdeographs) {
  EXPECT_THAT(words("It's  (in) New-York\t."),
              ElementsAre("It", "'", "s", "(", "in", ")", "New", "-", "York", "."));
  EXPECT_THAT(words("去東京tower"), ElementsAre("去", "東", "京", "tower"));
  EXPECT_THAT(words("a\u00a0b\u3000c\u2014d"), ElementsAre("a", "b", "c", "\u2014", "d"));
  EXPECT_THAT(words(""), IsEmpty());
  EXPECT_THAT(words(" \n "), IsEmpty());
}

TEST(SplitWords, DroppedCharactersNeitherBeginNorEndAWord) {
  EXPECT_THAT(words("\u200bParis\u200b is\x01n"), ElementsAre("Paris", "is\x01n"));
  EXPECT_THAT(words("\xff\xfe a\xff"), ElementsAre("a"));
  EXPECT_THAT(words(std::string_view("\0 \0", 3)), IsEmpty());
  EXPECT_THAT(words("a\xff.\xff"
                    "b"),
              ElementsAre("a", ".", "b"));
}

TEST(LocateWords, OneAfterTheOther) {
  EXPECT_THAT(locate_words("don't  go.", {"do", "n't", "go", "."}),
              ElementsAre(Span{0, 2}, Span{2, 5}, Span{7, 9}, Span{9, 10}));
  EXPECT_THAT(locate_words(" 10 000 \u00e9 ", {"10 000", "\u00e9"}), ElementsAre(Span{1, 7}, Span{8, 10}));
  EXPECT_THAT(locate_words("du", {"de", "le"}), IsEmpty());
  EXPECT_THAT(locate_words("a b c", {"a", "b"}), IsEmpty());
  EXPECT_THAT(locate_words("a", {"a", "b"}), IsEmpty());
  EXPECT_THAT(locate_words("", {"a"}), IsEmpty());
}

}  // namespace
}  // namespace bertune::data
