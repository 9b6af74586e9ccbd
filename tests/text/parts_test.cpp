// Unicode tables, truncation and added tokens on their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/error.h"
#include "text/added_tokens.h"
#include "text/decoder.h"
#include "text/truncation.h"
#include "text/unicode/unicode.h"

namespace bertune::text {
namespace {

TEST(Unicode, Properties) {
  const Unicode& unicode = Unicode::instance();
  EXPECT_EQ(unicode.properties(U' '), kWhiteSpace);
  EXPECT_EQ(unicode.properties(U'a'), kWord | kUnicodeLetter);
  EXPECT_EQ(unicode.properties(U'A'), kWord | kLowers | kUnicodeLetter);
  EXPECT_EQ(unicode.properties(U'$'), kPunctuation);
  EXPECT_EQ(unicode.properties(0) & kRemoved, kRemoved);
  EXPECT_EQ(unicode.properties(0xFFFD) & kRemoved, kRemoved);
  EXPECT_EQ(unicode.properties(0x4E00) & kCjk, kCjk);
  // As the reference has it: the last blocks of ideographs begin at 2B920, not at 2B820.
  EXPECT_EQ(unicode.properties(0x2B820) & kCjk, 0);
  EXPECT_EQ(unicode.properties(0x2B920) & kCjk, kCjk);
  EXPECT_EQ(unicode.properties(0x301) & (kMark | kReorders), kMark | kReorders);
  EXPECT_EQ(unicode.properties(0x8D4) & kMark, 0);  // younger than the reference's table
  EXPECT_EQ(unicode.properties(0x10FFFF) & kRemoved, 0);
  EXPECT_EQ(unicode.properties(U'\u00B2') & kUnicodeNumber, kUnicodeNumber);
  EXPECT_EQ(unicode.properties(0x1C89) & kUnicodeLetter, kUnicodeLetter);  // of Unicode 16
}

TEST(Unicode, Mappings) {
  EXPECT_EQ(lower_case(U'A').characters[0], U'a');
  EXPECT_EQ(lower_case(0x130).length, 2U);
  EXPECT_EQ(lower_case(0x3A3).characters[0], 0x3C3U);
  const DecomposedCharacters syllable = decompose(0xAC01);
  ASSERT_EQ(syllable.length, 3U);
  EXPECT_EQ(syllable.characters[2], 0x11A8U);
  EXPECT_EQ(decompose(0xAC00).length, 2U);
  EXPECT_EQ(decompose(0x1ED7).length, 3U);  // o with circumflex and tilde, fully decomposed
  EXPECT_EQ(combining_class(0x301), 230);
  EXPECT_EQ(combining_class(0x345), 240);
}

TEST(Truncation, LongestFirst) {
  const auto kept = [](std::size_t first, std::size_t second, std::size_t room) {
    const KeptTokens result = truncate(first, second, true, room, Truncation::longest_first);
    return std::pair(result.first, result.second);
  };
  EXPECT_EQ(kept(2, 8, 7), std::pair(std::size_t{2}, std::size_t{5}));
  EXPECT_EQ(kept(8, 2, 7), std::pair(std::size_t{5}, std::size_t{2}));
  EXPECT_EQ(kept(8, 8, 7), std::pair(std::size_t{3}, std::size_t{4}));
  EXPECT_EQ(kept(8, 4, 7), std::pair(std::size_t{4}, std::size_t{3}));
  EXPECT_EQ(kept(9, 9, 0), std::pair(std::size_t{0}, std::size_t{0}));
  EXPECT_EQ(kept(3, 4, 7), std::pair(std::size_t{3}, std::size_t{4}));
  EXPECT_THROW(truncate(3, 9, true, 5, Truncation::only_first), Error);
  EXPECT_THROW(truncate(9, 0, false, 5, Truncation::only_second), Error);
}

std::vector<std::pair<std::size_t, std::size_t>> find_all(const AddedTokenMatcher& matcher,
                                                          std::string_view text) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  std::size_t from = 0, taken = 0;
  while (const auto match = matcher.next(text, from, taken, false)) {
    found.emplace_back(match->begin, match->end);
    taken = match->end;
  }
  return found;
}

TEST(AddedTokens, TheLongestFromTheLeftMatches) {
  using ::testing::ElementsAre;
  using ::testing::Pair;
  const std::vector<AddedToken> tokens{
      {.content = "ab"}, {.content = "abcd"}, {.content = "bc", .single_word = true}};
  const AddedTokenMatcher matcher(tokens, {{"ab", 0}, {"abcd", 1}, {"bc", 2}});
  EXPECT_THAT(find_all(matcher, "abcabcd"), ElementsAre(Pair(0, 2), Pair(3, 7)));
  EXPECT_THAT(find_all(matcher, "xbc bc,bcab"), ElementsAre(Pair(4, 6), Pair(9, 11)));
  EXPECT_THAT(find_all(AddedTokenMatcher(tokens, {}), "ab"), ElementsAre());
}

TEST(Decoder, CleansUpTokenByToken) {
  EXPECT_EQ(decode_tokens({"##x", "a", "##b", ".", "n't", "do not", "'", "s"}, {}), "##x ab.n't don't ' s");
  EXPECT_EQ(decode_tokens({"it", "'", "s"}, {.cleanup_of_text = true}), "it's");
  EXPECT_EQ(decode_tokens({"a", "."}, {.cleanup = false}), "a .");
  EXPECT_EQ(decode_tokens({}, {}), "");
}

}  // namespace
}  // namespace bertune::text
