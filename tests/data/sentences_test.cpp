#include "data/documents/sentences.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "core/random.h"
#include "data/files/records.h"
#include "data/helpers.h"

namespace bertune::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> sentences;
  std::string_view sentence;
  for (SentenceSplitter splitter(text); splitter.next(sentence);) sentences.emplace_back(sentence);
  return sentences;
}

std::string without_blanks(std::string_view text) {
  std::string kept(text);
  std::erase_if(kept, [](char character) {
    return std::string_view(" \t\r\n\f\v").find(character) != std::string_view::npos;
  });
  return kept;
}

TEST(Sentences, EndAtMarksBeforeUpperCase) {
  EXPECT_THAT(split("It rained. We left! Why? Nobody knows."),
              ElementsAre("It rained.", "We left!", "Why?", "Nobody knows."));
  EXPECT_THAT(split("One.\nTwo...  Three?! Élan. Была ночь. Иван спал."),
              ElementsAre("One.", "Two...", "Three?!", "Élan.", "Была ночь.", "Иван спал."));
  EXPECT_THAT(split("It costs 3.5 dollars. 12 people paid."),
              ElementsAre("It costs 3.5 dollars.", "12 people paid."));
  EXPECT_THAT(split("see example.com. the end"), ElementsAre("see example.com. the end"));
  EXPECT_THAT(split("no end"), ElementsAre("no end"));
  EXPECT_THAT(split(" \n\t "), IsEmpty());
  EXPECT_THAT(split(""), IsEmpty());
  EXPECT_THAT(split("..."), ElementsAre("..."));
}

TEST(Sentences, WrappedLinesAreOneText) {
  EXPECT_THAT(split("Emma Woodhouse, handsome,\r\nclever. She\nhad lived."),
              ElementsAre("Emma Woodhouse, handsome,\r\nclever.", "She\nhad lived."));
}

TEST(Sentences, QuotesAndBracketsCloseAndOpen) {
  EXPECT_THAT(
      split("\"Is it?\" she said. \"It is.\" (He left.) \"Well!\" “Yes.” _So_ it was."),
      ElementsAre("\"Is it?\" she said.", "\"It is.\"", "(He left.)", "\"Well!\"", "“Yes.”", "_So_ it was."));
}

TEST(Sentences, AbbreviationsAndInitialsGoOn) {
  for (const char* one :
       {"Mr. Knightley and Mrs. Weston met Dr. Perry", "J. R. R. Tolkien wrote it",
        "The U.S. Navy came, e.g. Admiral X", "See No. 5 and vol. 2 and pp. 3", "am 3. 12. 1990",
        "1. Introduction", "(Mr. Elton) spoke", "Ph.D. Smith", "É. Zola wrote it"}) {
    EXPECT_THAT(split(one), ElementsAre(one));
  }
  EXPECT_THAT(split("No. The answer is no."), ElementsAre("No.", "The answer is no."));
  EXPECT_THAT(split("In 1990. Then it ended."), ElementsAre("In 1990.", "Then it ended."));
  EXPECT_THAT(split("Really, Mr... Smith"), ElementsAre("Really, Mr...", "Smith"));
}

TEST(Sentences, OtherScripts) {
  EXPECT_THAT(split("今天下雨。我们走了！为什么？「是。」他说"),
              ElementsAre("今天下雨。", "我们走了！", "为什么？", "「是。」", "他说"));
  EXPECT_THAT(split("यह है। वह था।"), ElementsAre("यह है।", "वह था।"));
  EXPECT_THAT(split("שלום. עולם. كيف؟ نعم۔ لا"), ElementsAre("שלום.", "עולם.", "كيف؟", "نعم۔", "لا"));
}

// Whatever the bytes: nothing is lost, nothing is empty, and no sentence has blanks around it.
TEST(Sentences, KeepEveryByteThatIsNoBlank) {
  const std::string_view parts[] = {".",  "!",  "?", " ",  "\n",   "A",    "b",    "\"", "'", "(",  ")", "1",
                                    "Mr", "。", "…", "」", "\xFF", "\xE3", "\xC3", "é",  "É", "\0", "؟", "।"};
  Random random(1, 1);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::uint64_t size = random.below(30); size > 0; --size)
      text += parts[random.below(std::size(parts))];
    std::string kept;
    for (const std::string& sentence : split(text)) {
      EXPECT_FALSE(sentence.empty());
      EXPECT_EQ(sentence, trim_blanks(sentence));
      kept += without_blanks(sentence);
    }
    EXPECT_EQ(kept, without_blanks(text));
  }
}

TEST(Sentences, EndsSentence) {
  for (const char* text : {"It rained.", "Why?\" ", "(so!)", "是。」", "..."})
    EXPECT_TRUE(ends_sentence(text)) << text;
  for (const char* text : {"", "the", "so:", "\")", "\xE3\x80", "a,"})
    EXPECT_FALSE(ends_sentence(text)) << text;
}

}  // namespace
}  // namespace bertune::data
