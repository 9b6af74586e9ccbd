// The fast lane and the cache of runs against the plain way through every character.
#include <gtest/gtest.h>

#include <array>

#include "core/file.h"
#include "core/random.h"
#include "core/utf8.h"
#include "text/text_encoder.h"

namespace bertune::text {
namespace {

TokenizerSpec fixture_spec(bool lowercase, bool normalized_token) {
  TokenizerConfig config;
  config.do_lower_case = lowercase;
  TokenizerSpec spec = read_vocabulary_file(
      fs::path(BERTUNE_SOURCE_DIR) / "tests/parity/fixtures/tokenizer_vocab.txt", config);
  // A token that no text here holds makes all text go by way of the normalised text.
  if (normalized_token) {
    AddedToken token;
    token.content = "\x01never\x01";
    token.normalized = true;
    spec.added_tokens.push_back(token);
  }
  return spec;
}

std::string random_text(Random& random) {
  static const std::vector<std::string> kParts{" ",
                                               "  ",
                                               "\t",
                                               "\n",
                                               ".",
                                               ",",
                                               "'",
                                               "-",
                                               "_",
                                               "the",
                                               "Model",
                                               "a",
                                               "B",
                                               "9",
                                               "ing",
                                               "é",
                                               "É",
                                               "\u0301",
                                               "\u0323",
                                               "中",
                                               "\u200b",
                                               "\u00a0",
                                               "\x01",
                                               "İ",
                                               "ß",
                                               "\uac01",
                                               "\ufeff",
                                               "[SEP]",
                                               "[MASK]",
                                               "[",
                                               "abcdefghijklmnop",
                                               "abcdefghijklmno",
                                               "qrstuvwxyzabcdefg",
                                               "\u0344",
                                               "\u0f73",
                                               "\u3099",
                                               "が",
                                               "\u302e",
                                               "。",
                                               "\U0001f600",
                                               "\x7f",
                                               "\v",
                                               "x\u0300"};
  std::string text;
  const auto parts = random.below(random.below(8) == 0 ? 400 : 30);
  for (std::uint64_t i = 0; i < parts; ++i) {
    if (random.below(20) == 0) {
      const auto value = static_cast<char32_t>(random.below(0x30000));
      append_utf8(text, value >= 0xD800 && value < 0xE000 ? U'x' : value);
    } else {
      text += kParts[random.below(kParts.size())];
    }
  }
  return text;
}

struct Tokens {
  std::vector<std::int32_t> ids, words;
  std::vector<Span> spans;
  std::uint32_t special = 0;
  bool operator==(const Tokens&) const = default;
};

Tokens encode(const TextEncoder& encoder, const std::string& text, bool plainly, EncodeScratch& scratch) {
  TokenBuffer buffer;
  buffer.clear(true);
  Tokens tokens;
  tokens.special = encoder.encode(ValidText(text), {false, plainly}, scratch, buffer);
  tokens.ids.assign(buffer.ids(), buffer.ids() + buffer.size());
  tokens.words.assign(buffer.words(), buffer.words() + buffer.size());
  tokens.spans.assign(buffer.spans(), buffer.spans() + buffer.size());
  return tokens;
}

TEST(FastLane, EqualsThePlainWay) {
  for (const bool lowercase : {true, false}) {
    const TextEncoder encoder(fixture_spec(lowercase, false));
    const TextEncoder by_normalized_text(fixture_spec(lowercase, true));
    EncodeScratch scratch;  // shared, so that the cache holds words of both tokenizers
    Random random(7, lowercase ? 1 : 2);
    for (int i = 0; i < 4000; ++i) {
      const std::string text = random_text(random);
      const Tokens plain = encode(encoder, text, true, scratch);
      ASSERT_EQ(encode(encoder, text, false, scratch), plain) << text;
      ASSERT_EQ(encode(by_normalized_text, text, false, scratch), plain) << text;
      TokenBuffer without_spans;
      encoder.encode(ValidText(text), {}, scratch, without_spans);
      ASSERT_TRUE(std::equal(plain.ids.begin(), plain.ids.end(), without_spans.ids(),
                             without_spans.ids() + without_spans.size()))
          << text;
    }
  }
}

std::vector<std::int32_t> ids_of(const TextEncoder& encoder, const std::string& text,
                                 EncodeScratch& scratch) {
  TokenBuffer buffer;
  encoder.encode(ValidText(text), {}, scratch, buffer);
  return {buffer.ids(), buffer.ids() + buffer.size()};
}

// Every byte of ASCII beside runs of all lengths, so that these lie across the ends of blocks in all ways.
TEST(FastLane, RunsOfAllLengthsAndAllOfAscii) {
  const TextEncoder encoder(fixture_spec(true, false));
  EncodeScratch scratch;
  Random random(11, 3);
  for (int i = 0; i < 6000; ++i) {
    std::string text;
    for (std::uint64_t runs = random.below(12); runs > 0; --runs) {
      const std::string_view letter =
          std::array{"a", "Z", "7", "\u00e9", "\u4e2d", "\u0e01"}[random.below(6)];
      const std::uint64_t most = random.below(5) == 0 ? 200 : 20;
      for (std::uint64_t size = random.below(most); size > 0; --size) text += letter;
      const bool any_byte = random.below(3) == 0;
      text += any_byte ? static_cast<char>(random.below(128)) : ' ';
    }
    const Tokens plain = encode(encoder, text, true, scratch);
    ASSERT_EQ(encode(encoder, text, false, scratch), plain) << text;
    ASSERT_EQ(ids_of(encoder, text, scratch), plain.ids) << text;
    ASSERT_EQ(ids_of(encoder, text, scratch), plain.ids) << text;  // now from the cache
  }
}

TEST(FastLane, CacheStartsAnewWhenItIsFull) {
  const TextEncoder encoder(fixture_spec(false, false));
  EncodeScratch scratch;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40000; ++i) {
      const std::string text = "qz" + std::to_string(i) + "x" + std::to_string(i * 7);
      ASSERT_EQ(ids_of(encoder, text, scratch), encode(encoder, text, true, scratch).ids) << text;
    }
  }
}

TEST(FastLane, EndsOfTextNeedNoBytesBehindThem) {
  const TextEncoder encoder(fixture_spec(true, false));
  EncodeScratch scratch;
  const std::string text =
      "The people of the world play unplayable. More people than there are bytes in a block of it.";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    // In memory of its own size, so that a sanitizer sees a read beyond it.
    const std::string part(text.substr(0, length));
    ASSERT_EQ(encode(encoder, part, false, scratch), encode(encoder, part, true, scratch)) << part;
    ASSERT_EQ(ids_of(encoder, part, scratch), encode(encoder, part, true, scratch).ids) << part;
  }
}

}  // namespace
}  // namespace bertune::text
