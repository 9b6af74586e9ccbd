#include "core/utf8.h"

#include <gtest/gtest.h>

#include <array>

#include "core/random.h"

namespace bertune {
namespace {

TEST(Utf8, ReplacesOneMaximalSubpartAtATime) {
  std::uint64_t replaced = 0;
  EXPECT_EQ(replace_invalid_utf8("a\xF0\x9F\x98z", replaced),
            "a\xEF\xBF\xBDz");  // one truncated emoji, one mark
  EXPECT_EQ(replaced, 1U);
  EXPECT_EQ(
      replace_invalid_utf8("\xC0\xAF\xED\xA0\x80", replaced),
      "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // overlong and surrogate: each byte
  EXPECT_EQ(replaced, 6U);
}

TEST(Utf8, RoundTripsEveryCodePoint) {
  for (char32_t value = 0; value < 0x110000; ++value) {
    if (value >= 0xD800 && value < 0xE000) continue;
    std::string text;
    append_utf8(text, value);
    const CodePoint point = decode_utf8(text, 0);
    ASSERT_TRUE(point.valid);
    ASSERT_EQ(point.value, value);
    ASSERT_EQ(point.bytes, text.size());
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8("plain text that is longer than eight bytes"), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8("123456789\xFF"), 9U);
}

// What is checked many bytes at a time against decoding one character after the other.
TEST(Utf8, FindsWhatDecodingFinds) {
  Random random(5, 1);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    while (text.size() < 150) {
      const auto value =
          static_cast<char32_t>(random.below(std::array{0x80, 0x800, 0x3000, 0x110000}[random.below(4)]));
      append_utf8(text, value >= 0xD800 && value < 0xE000 && random.below(50) != 0 ? U'x' : value);
    }
    for (std::uint64_t damages = random.below(3); damages > 0; --damages) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    std::size_t position = 0;
    while (position < text.size() && decode_utf8(text, position).valid)
      position += decode_utf8(text, position).bytes;
    ASSERT_EQ(find_invalid_utf8(text), position < text.size() ? position : std::string_view::npos) << i;
  }
}

}  // namespace
}  // namespace bertune
