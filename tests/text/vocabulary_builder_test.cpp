#include "bertune/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "bertune/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/utf8.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;
using Tokens = std::vector<std::string>;

BuiltVocabulary build(const std::vector<std::string>& texts, const VocabularyOptions& options) {
  VocabularyBuilder builder(options);
  builder.add({texts.begin(), texts.end()});
  return builder.build();
}

TokenizerConfig cased(bool keep_case = true) {
  TokenizerConfig config;
  config.do_lower_case = !keep_case;
  return config;
}

// The pieces behind special tokens and characters, in the order of merging.
Tokens merged(const BuiltVocabulary& built) {
  Tokens pieces;
  for (std::size_t i = 5; i < built.tokens.size(); ++i) {
    const std::string& token = built.tokens[i];
    if (token.size() > (token.starts_with("##") ? 3 : 1)) pieces.push_back(token);
  }
  return pieces;
}

std::string times(int count, const std::string& word) {
  std::string text;
  for (int i = 0; i < count; ++i) text += word + " ";
  return text;
}

std::string error_of(const VocabularyOptions& options, const std::vector<std::string>& texts = {"a b"}) {
  try {
    build(texts, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::vector<std::string> kHugs = {times(10, "hug"), times(5, "pug"), times(12, "pun"), times(4, "bun"),
                                        times(5, "hugs")};

// By hand: (##u ##g) 20; then (##u ##n) 16, (h ##ug) 15, (p ##un) 12; then (p ##ug) and (hug ##s), both 5,
// the older left piece first; (b ##un) 4.
TEST(VocabularyBuilder, MergesTheMostFrequentPair) {
  EXPECT_THAT(build(kHugs, {}).tokens,
              ElementsAre("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "b", "g", "h", "n", "p", "s", "u",
                          "##b", "##g", "##h", "##n", "##p", "##s", "##u", "##ug", "##un", "hug", "pun",
                          "pug", "hugs", "bun"));
}

TEST(VocabularyBuilder, StopsAtTheSizeAndAtRarePairs) {
  EXPECT_THAT(merged(build(kHugs, {.vocab_size = 21})), ElementsAre("##ug", "##un"));
  EXPECT_THAT(merged(build(kHugs, {.min_frequency = 5})), Not(Contains("bun")));
  EXPECT_THAT(merged(build(kHugs, {.min_frequency = 6})), ElementsAre("##ug", "##un", "hug", "pun"));
  EXPECT_THAT(merged(build({"hug hug pug"}, {.min_frequency = 3})), ElementsAre("##ug"));
}

// By a script that computes the sum of n log(n / total) before and after each possible merge: first the pair
// (##u ##g), by 28.018; last (hug ##s), by 5.655.
TEST(VocabularyBuilder, MergesThePairThatMakesTheTextsMostLikely) {
  EXPECT_THAT(merged(build(kHugs, {.score = MergeScore::likelihood})),
              ElementsAre("##ug", "##un", "hug", "pun", "pug", "bun", "hugs"));
}

double x_log_x(double x) { return x > 0 ? x * std::log(x) : 0; }

// The definition, with everything counted anew for each merge.
Tokens merge_slowly(const std::map<std::string, int>& words, std::size_t limit, int min_frequency,
                    MergeScore score) {
  Tokens pieces;
  const auto id_of = [&](const std::string& piece) {
    const auto found = std::ranges::find(pieces, piece);
    if (found != pieces.end()) return static_cast<int>(found - pieces.begin());
    pieces.push_back(piece);
    return static_cast<int>(pieces.size()) - 1;
  };
  std::set<char> letters;
  for (const auto& [word, count] : words) letters.insert(word.begin(), word.end());
  for (const char letter : letters) id_of({letter});
  for (const char letter : letters) id_of({'#', '#', letter});
  const std::size_t characters = pieces.size();
  std::vector<std::pair<std::vector<int>, int>> splits;
  for (const auto& [word, count] : words) {
    std::vector<int> split;
    for (const char c : word) split.push_back(id_of((split.empty() ? "" : "##") + std::string(1, c)));
    splits.emplace_back(split, count);
  }
  while (pieces.size() < limit) {
    std::map<std::pair<int, int>, int> pairs;  // in the order of ties
    std::map<int, int> counts;
    double total = 0;
    for (const auto& [split, count] : splits) {
      for (std::size_t i = 0; i < split.size(); ++i) {
        counts[split[i]] += count;
        total += count;
        if (i > 0) pairs[{split[i - 1], split[i]}] += count;
      }
    }
    const auto value = [&](const auto& pair) {
      double count = pair.second;
      if (score == MergeScore::frequency) return count;
      const double first = counts[pair.first.first], second = counts[pair.first.second];
      const bool same = pair.first.first == pair.first.second;
      if (same) count = std::min(count, std::floor(first / 2));
      double gain = x_log_x(count) - x_log_x(total - count) + x_log_x(total) - x_log_x(first);
      gain += same ? x_log_x(first - 2 * count)
                   : x_log_x(first - count) + x_log_x(second - count) - x_log_x(second);
      return gain;
    };
    std::erase_if(pairs, [&](const auto& pair) { return pair.second < min_frequency; });
    if (pairs.empty()) break;
    auto best = pairs.begin();
    for (auto pair = pairs.begin(); pair != pairs.end(); ++pair) {
      if (value(*pair) > value(*best) + 1e-9) best = pair;  // rounding is no reason to prefer a pair
    }
    const auto [left, right] = best->first;
    const int piece =
        id_of(pieces[static_cast<std::size_t>(left)] + pieces[static_cast<std::size_t>(right)].substr(2));
    for (auto& [split, count] : splits) {
      for (std::size_t i = 0; i + 1 < split.size(); ++i) {
        if (split[i] != left || split[i + 1] != right) continue;
        split[i] = piece;
        split.erase(split.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return {pieces.begin() + static_cast<std::ptrdiff_t>(characters), pieces.end()};
}

TEST(VocabularyBuilder, EqualsTheDefinitionOnRandomWords) {
  Random random(7, 7);
  for (int round = 0; round < 40; ++round) {
    // Few letters, so that pairs overlap ("aaa") and several splits come to one piece.
    const std::uint32_t letters = 1 + static_cast<std::uint32_t>(random.below(4));
    std::map<std::string, int> words;
    std::vector<std::string> texts;
    for (int i = 0; i < 60; ++i) {
      std::string word;
      for (std::uint64_t size = 1 + random.below(9); size > 0; --size) {
        word += static_cast<char>('a' + random.below(letters));
      }
      const int count = 1 + static_cast<int>(random.below(5));
      words[word] += count;
      texts.push_back(times(count, word));
    }
    const int min_frequency = 1 + static_cast<int>(random.below(3));
    for (const MergeScore score : {MergeScore::frequency, MergeScore::likelihood}) {
      const BuiltVocabulary built =
          build(texts, {.vocab_size = 100, .min_frequency = min_frequency, .score = score});
      EXPECT_THAT(merged(built), ElementsAreArray(merge_slowly(words, 95, min_frequency, score)))
          << "round " << round;
    }
  }
}

TEST(VocabularyBuilder, NormalizesAsTheTokenizerDoes) {
  // Punctuation and ideographs are words of their own, so that nothing continues with them.
  EXPECT_THAT(build({"Ab, \u00c9\u4e2d\u6587 ab,"}, {.vocab_size = 14}).tokens,
              ElementsAre("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ",", "a", "b", "e", "\u4e2d",
                          "\u6587", "##a", "##b", "##e"));
  TokenizerConfig config = cased();
  config.tokenize_chinese_chars = false;
  const Tokens kept = build({"\u00c9a \u4e2d\u6587 \u00c9a"}, {.tokenizer = config}).tokens;
  EXPECT_THAT(kept, Contains("\u00c9a"));
  EXPECT_THAT(kept, Contains("##\u6587"));
  config.do_lower_case = true;
  config.strip_accents = false;
  EXPECT_THAT(build({"\u00c9a \u00c9a"}, {.tokenizer = config}).tokens, Contains("\u00e9a"));
}

TEST(VocabularyBuilder, UnusedTokensGiveTheIdsOfPublishedModels) {
  const Tokens few = build({"a"}, {.unused_tokens = 2}).tokens;
  EXPECT_THAT(
      few, ElementsAre("[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a"));
  const Tokens many = build({"a"}, {.unused_tokens = 101}).tokens;
  EXPECT_EQ(many[99], "[unused98]");
  EXPECT_EQ(many[100], "[UNK]");
  EXPECT_EQ(many[103], "[MASK]");
  EXPECT_THAT(Tokens(many.begin() + 104, many.end()), ElementsAre("[unused99]", "[unused100]", "a", "##a"));
}

TEST(VocabularyBuilder, TheRarestCharactersAreDropped) {
  // Equally rare ones go by code point: z and not y is dropped.
  const BuiltVocabulary built = build({times(3, "abc"), "aby", "abz", "ab"}, {.limit_alphabet = 4});
  EXPECT_THAT(built.tokens, ElementsAre("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "y",
                                        "##a", "##b", "##c", "##y", "ab", "abc"));
  EXPECT_EQ(built.statistics.characters, 4);
  EXPECT_EQ(built.statistics.dropped_characters, 1);
  EXPECT_EQ(built.statistics.words, 6);
  EXPECT_EQ(built.statistics.unknown_words, 1);
  EXPECT_EQ(built.statistics.whole_words, 4);
  EXPECT_EQ(built.statistics.pieces, 4 + 2 + 1);
  EXPECT_THAT(built.statistics.examples, ElementsAre(Tokens{"ab", "##y"}));
  // Words with a dropped character teach nothing: "abz" is not counted for "ab".
  EXPECT_THAT(build({"abz aby ab"}, {.min_frequency = 3, .limit_alphabet = 3}).tokens, Not(Contains("ab")));
}

TEST(VocabularyBuilder, LongWordsAndBrokenBytesAreCounted) {
  const std::string hundred(100, 'a');
  const BuiltVocabulary built = build({hundred + " " + hundred + "a",
                                       "b\xFF\xFE"
                                       "c",
                                       ""},
                                      {});
  EXPECT_EQ(built.statistics.texts, 3);
  EXPECT_EQ(built.statistics.too_long_words, 1);
  EXPECT_EQ(built.statistics.unknown_words, 1);
  EXPECT_EQ(built.statistics.malformed_sequences, 2);
  EXPECT_EQ(built.statistics.words, 3);
  EXPECT_EQ(built.statistics.distinct_words, 2);  // U+FFFD is removed, as by the tokenizer: "bc"
}

class OnSupportTickets : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string_view text = file.text();
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      lines.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    ASSERT_GT(lines.size(), 1000U);
  }
  void TearDown() override { set_num_threads(0); }
  BuiltVocabulary build_lines(const VocabularyOptions& options) const {
    VocabularyBuilder builder(options);
    builder.add(lines);
    return builder.build();
  }

  MappedFile file{fs::path(BERTUNE_SOURCE_DIR) / "examples" / "support_tickets" / "train.csv"};
  std::vector<std::string_view> lines;
};

TEST_F(OnSupportTickets, NeitherThreadsNorOrderNorPortionsMatter) {
  for (const MergeScore score : {MergeScore::frequency, MergeScore::likelihood}) {
    const VocabularyOptions options{.vocab_size = 1500, .score = score};
    set_num_threads(1);
    const Tokens expected = build_lines(options).tokens;
    EXPECT_EQ(expected.size(), 1500U);
    for (const int threads : {2, 5}) {
      set_num_threads(threads);
      EXPECT_EQ(build_lines(options).tokens, expected);
      VocabularyBuilder builder(options);
      for (std::size_t i = lines.size(); i > 0; --i) builder.add({lines[i - 1]});
      EXPECT_EQ(builder.build().tokens, expected);
      EXPECT_EQ(builder.build().tokens, expected);  // once more from the same counts
    }
  }
}

TEST_F(OnSupportTickets, EveryWordTokenizesAndTheStatisticsAreTheTokenizers) {
  for (const bool keep_case : {false, true}) {
    const VocabularyOptions options{.vocab_size = 1200, .tokenizer = cased(keep_case)};
    const BuiltVocabulary built = build_lines(options);
    const BertTokenizer tokenizer = BertTokenizer::from_tokens(built.tokens, options.tokenizer);
    std::int64_t pieces = 0, words = 0;
    for (const std::string_view line : lines) {
      const Encoding encoding = tokenizer.encode(line, {.add_special_tokens = false, .return_offsets = true});
      EXPECT_THAT(encoding.input_ids, Not(Contains(tokenizer.unk_token_id()))) << line;
      pieces += static_cast<std::int64_t>(encoding.input_ids.size());
      words += encoding.word_ids.empty() ? 0 : encoding.word_ids.back() + 1;
    }
    EXPECT_EQ(built.statistics.pieces, pieces);
    EXPECT_EQ(built.statistics.words, words);
    EXPECT_EQ(built.statistics.unknown_words, 0);
    EXPECT_EQ(built.statistics.texts, static_cast<std::int64_t>(lines.size()));
    ASSERT_FALSE(built.statistics.examples.empty());
    EXPECT_EQ(built.statistics.examples.front().size(), 2U);
  }
}

TEST_F(OnSupportTickets, TheSavedTokenizerIsTheSame) {
  const VocabularyOptions options{.vocab_size = 900, .unused_tokens = 3, .tokenizer = cased()};
  const BertTokenizer tokenizer = BertTokenizer::from_tokens(build_lines(options).tokens, options.tokenizer);
  const testing::TemporaryDirectory folder;
  for (const auto& [name, contents] : tokenizer.files(512)) {
    folder.write("json/" + name, contents);
    if (name != "tokenizer.json") folder.write("lines/" + name, contents);
  }
  for (const char* name : {"json", "lines"}) {
    const BertTokenizer read = BertTokenizer::from_pretrained(folder.path() / name);
    EXPECT_EQ(read.vocab_size(), 900);
    EXPECT_EQ(read.pad_token_id(), 0);
    EXPECT_EQ(read.mask_token_id(), 7);
    for (const std::string_view line : lines) {
      EXPECT_EQ(read.encode(line).input_ids, tokenizer.encode(line).input_ids);
    }
  }
}

// All characters of the basic plane and some of the others, as far as normalisation leaves them.
TEST(VocabularyBuilder, AnyCharacterMakesAVocabularyThatLoads) {
  std::vector<std::string> texts;
  for (char32_t c = 1; c < 0x110000; c += c < 0x10000 ? 1 : 61) {
    if (c >= 0xD800 && c < 0xE000) continue;
    if (texts.empty() || texts.back().size() > 1000) texts.emplace_back();
    append_utf8(texts.back(), c);
    append_utf8(texts.back(), U' ');
  }
  for (const bool keep_case : {false, true}) {
    const VocabularyOptions options{
        .vocab_size = 500'000, .limit_alphabet = 0x110000, .tokenizer = cased(keep_case)};
    const BuiltVocabulary built = build(texts, options);
    EXPECT_GT(built.statistics.characters, 50'000);
    EXPECT_EQ(built.statistics.unknown_words, 0);
    const BertTokenizer tokenizer = BertTokenizer::from_tokens(built.tokens, options.tokenizer);
    const testing::TemporaryDirectory folder;
    for (const auto& [name, contents] : tokenizer.files(512)) folder.write(name, contents);
    std::filesystem::remove(folder.path() / "tokenizer.json");
    const BertTokenizer read = BertTokenizer::from_pretrained(folder.path());
    EXPECT_EQ(read.vocab_size(), static_cast<std::int64_t>(built.tokens.size()));
    for (const std::string& text : texts) {
      EXPECT_THAT(read.encode(text).input_ids, Not(Contains(read.unk_token_id())));
    }
  }
}

TEST(VocabularyBuilder, SaysWhatCannotBe) {
  EXPECT_THAT(error_of({}, {}), HasSubstr("no word"));
  EXPECT_THAT(error_of({}, {" \t", "\u0001"}), HasSubstr("no word"));
  EXPECT_THAT(error_of({.vocab_size = 8}), HasSubstr("a vocabulary of 8 tokens"));
  EXPECT_THAT(error_of({.vocab_size = 8}), HasSubstr("5 special"));
  EXPECT_THAT(error_of({.vocab_size = 9}), "no error");  // a, b, ##a, ##b
  EXPECT_THAT(error_of({.vocab_size = 1000, .unused_tokens = 1000}), HasSubstr("1005 special"));
  EXPECT_THAT(error_of({.vocab_size = 0}), HasSubstr("`vocab_size`"));
  EXPECT_THAT(error_of({.vocab_size = 1LL << 40}), HasSubstr("`vocab_size`"));
  EXPECT_THAT(error_of({.min_frequency = 0}), HasSubstr("`min_frequency`"));
  EXPECT_THAT(error_of({.limit_alphabet = 0}), HasSubstr("`limit_alphabet`"));
  EXPECT_THAT(error_of({.unused_tokens = -1}), HasSubstr("`unused`"));
  EXPECT_THAT(error_of({.unused_tokens = INT64_MAX}), HasSubstr("`unused`"));
}

}  // namespace
}  // namespace bertune
