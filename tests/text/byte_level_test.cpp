// Byte-level BPE: its parts, the fast ways against the plain one, its files. What Transformers makes of it is
// in fixture_test.cpp and tests/parity/byte_level_parity.py.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "bertune/error.h"
#include "core/random.h"
#include "support/byte_level_fixtures.h"
#include "text/byte_level/byte_level.h"
#include "text/byte_level/byte_level_words.h"
#include "text/byte_level/byte_pairs.h"
#include "text/text_encoder.h"

namespace bertune::text {
namespace {

using bertune::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ByteLevel, Alphabet) {
  EXPECT_EQ(byte_character('a'), U'a');
  EXPECT_EQ(byte_character(' '), 0x120U);
  EXPECT_EQ(byte_character('\n'), 0x10AU);
  EXPECT_EQ(byte_character(0xFF), 0xFFU);
  EXPECT_EQ(byte_character(0xAD), 0x143U);
  EXPECT_EQ(token_bytes("Ġhello"), " hello");
  EXPECT_EQ(token_bytes("Ã©"), "é");
  EXPECT_EQ(token_bytes("a b"), std::nullopt);
  EXPECT_EQ(token_bytes("中"), std::nullopt);
  EXPECT_EQ(decode_byte_level({"<s>", "Ġcaf", "Ã", "©", "Ã", "a b"}), "<s> café\uFFFDa b");
  EXPECT_EQ(spaces_around("ĠĠaĠbĠ").leading, 2U);
  EXPECT_EQ(spaces_around("ĠĠaĠbĠ").trailing, 1U);
  EXPECT_EQ(spaces_around("Ġ \u3000").leading, 3U);
  EXPECT_EQ(spaces_around("Ġ \u3000").trailing, 3U);
  EXPECT_EQ(spaces_around("Ċa").leading, 0U);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = word_end(text, begin);
    words.emplace_back(text.substr(begin, end - begin));
  }
  return words;
}

TEST(ByteLevel, Words) {
  EXPECT_THAT(words_of("Hello, world's 42nd"), ElementsAre("Hello", ",", " world", "'s", " 42", "nd"));
  EXPECT_THAT(words_of("it's's"), ElementsAre("it", "'s", "'s"));
  EXPECT_THAT(words_of("!'s 't ''ll'l"), ElementsAre("!'", "s", " '", "t", " ''", "ll", "'", "l"));
  EXPECT_THAT(words_of("we'lla 'REs\n're"), ElementsAre("we", "'ll", "a", " '", "REs", "\n", "'re"));
  EXPECT_THAT(words_of("  a \n b\n\nc \n"), ElementsAre(" ", " a", " \n", " b", "\n", "\n", "c", " \n"));
  EXPECT_THAT(words_of("a\u00a0b \u3000 c"), ElementsAre("a", "\u00a0", "b", " \u3000", " c"));
  EXPECT_THAT(words_of("é²\u0301x中"), ElementsAre("é", "²", "\u0301", "x中"));
  EXPECT_THAT(words_of(""), ElementsAre());
  EXPECT_THAT(words_of(" "), ElementsAre(" "));
}

std::string random_text(Random& random, std::size_t most) {
  static const std::vector<std::string> kParts{" ",
                                               " ",
                                               " ",
                                               "  ",
                                               "\n",
                                               "\t",
                                               "\r\n",
                                               "'s",
                                               "'",
                                               "'ll",
                                               "'re",
                                               "'x",
                                               "the",
                                               "a",
                                               "people",
                                               "B",
                                               "9",
                                               "42",
                                               ".",
                                               ",",
                                               "!?",
                                               "-",
                                               "é",
                                               "中",
                                               "\u00a0",
                                               "\u3000",
                                               "²",
                                               "\u0301",
                                               "\U0001f600",
                                               "<s>",
                                               "<mask>",
                                               "<",
                                               std::string(1, '\0'),
                                               "\x01",
                                               "\x7f",
                                               "\x1c",
                                               "abcdefghijklmnopqrstuvwxyz",
                                               "don't"};
  std::string text;
  for (std::uint64_t i = random.below(most); i > 0; --i) text += kParts[random.below(kParts.size())];
  return text;
}

TEST(ByteLevel, BlocksCutTheSameWords) {
  Random random(3, 1);
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random_text(random, 60);
    std::vector<std::string> words;
    for (std::size_t position = 0; position < text.size();) {
      const WordBlock block(text, position);
      for (std::uint64_t begins = block.begins(); begins != 0; begins &= begins - 1) {
        const auto begin = static_cast<std::size_t>(std::countr_zero(begins));
        words.push_back(text.substr(position + begin, block.length(begin)));
      }
      position += block.size();
      ASSERT_TRUE(block.stops() || block.size() > 0);
      if (!block.stops()) continue;
      const std::size_t end = word_end(text, position);
      words.push_back(text.substr(position, end - position));
      position = end;
    }
    ASSERT_EQ(words, words_of(text)) << text;
  }
}

// The definition: of all neighbours that are a pair, the leftmost of lowest rank is merged.
std::vector<std::int32_t> merge_by_definition(
    std::vector<std::int32_t> ids, const std::map<std::pair<int, int>, std::pair<int, int>>& pairs) {
  for (;;) {
    std::size_t best = ids.size();
    int rank = 1 << 30;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = pairs.find({ids[i], ids[i + 1]});
      if (found != pairs.end() && found->second.first < rank) best = i, rank = found->second.first;
    }
    if (best == ids.size()) return ids;
    ids[best] = pairs.at({ids[best], ids[best + 1]}).second;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(ByteLevel, MergesByRank) {
  Random random(5, 2);
  for (int round = 0; round < 60; ++round) {
    std::vector<TokenEntry> entries{{"a", 0}, {"b", 1}, {"c", 2}};
    std::vector<Merge> merges;
    std::map<std::string, int> ids{{"a", 0}, {"b", 1}, {"c", 2}};
    std::map<std::pair<int, int>, std::pair<int, int>> pairs;
    for (int rank = 0; rank < 24; ++rank) {
      const std::string left = entries[random.below(entries.size())].first,
                        right = entries[random.below(entries.size())].first;
      if (left.size() + right.size() > 9) continue;
      const auto [place, is_new] = ids.emplace(left + right, static_cast<int>(entries.size()));
      if (is_new) entries.emplace_back(left + right, entries.size());
      pairs[{ids[left], ids[right]}] = {static_cast<int>(merges.size()), place->second};
      merges.emplace_back(left, right);
    }
    const Vocabulary vocabulary(entries, "##", "test");
    const BytePairs byte_pairs(merges, vocabulary, "test");
    MergeScratch scratch;
    for (const std::size_t length : {0U, 1U, 2U, 7U, 31U, 32U, 33U, 200U}) {
      std::vector<Symbol> symbols;
      std::vector<std::int32_t> plain;
      for (std::size_t i = 0; i < length; ++i) {
        plain.push_back(static_cast<std::int32_t>(random.below(3)));
        symbols.push_back({plain.back(), 1});
      }
      byte_pairs.merge(symbols, scratch);
      std::vector<std::int32_t> merged;
      std::size_t covered = 0;
      for (const Symbol& symbol : symbols) {
        merged.push_back(symbol.id);
        EXPECT_EQ(symbol.length, vocabulary.token(symbol.id).size());
        covered += symbol.length;
      }
      EXPECT_EQ(covered, length);
      ASSERT_EQ(merged, merge_by_definition(plain, pairs)) << length;
    }
  }
}

Json spec_named(const std::string& name) {
  std::istringstream lines(read_file(bertune::testing::byte_level_fixture("byte_level.jsonl")));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(R"({"tokenizer")")) continue;
    Json spec = parse_json(line, "byte_level.jsonl");
    if (spec["tokenizer"] == name) return spec;
  }
  throw std::runtime_error("no tokenizer " + name);
}

BertTokenizer tokenizer_named(const std::string& name) {
  const TemporaryDirectory folder;
  bertune::testing::write_byte_level_folder(folder, spec_named(name));
  return BertTokenizer::from_pretrained(folder.path());
}

TEST(ByteLevel, FastWaysEqualThePlainOne) {
  for (const char* name : {"roberta", "prefix", "added", "dropping", "fused", "one word"}) {
    const TemporaryDirectory folder;
    bertune::testing::write_byte_level_folder(folder, spec_named(name));
    const TextEncoder encoder(read_tokenizer_folder(folder.path()));
    EncodeScratch scratch;
    Random random(9, 4);
    for (int i = 0; i < 1500; ++i) {
      const std::string text = random_text(random, i % 50 == 0 ? 400 : 40);
      const bool prefix_space = random.below(4) == 0;
      const auto encode = [&](TokenBuffer& buffer, bool plainly, bool spans) {
        buffer.clear(spans);
        encoder.encode(ValidText(text), {.plainly = plainly, .prefix_space = prefix_space}, scratch, buffer);
        return std::vector<std::int32_t>(buffer.ids(), buffer.ids() + buffer.size());
      };
      TokenBuffer plain, fast, ids;
      const auto expected = encode(plain, true, true);
      ASSERT_EQ(encode(fast, false, true), expected) << name << ": " << text;
      ASSERT_EQ(encode(ids, false, false), expected) << name << ": " << text;
      for (std::size_t t = 0; t < expected.size(); ++t) {
        ASSERT_EQ(fast.spans()[t], plain.spans()[t]) << name << ": " << text;
        ASSERT_EQ(fast.words()[t], plain.words()[t]) << name << ": " << text;
      }
    }
  }
}

TEST(ByteLevel, RowsOfRoberta) {
  const BertTokenizer roberta = tokenizer_named("roberta");
  const std::int32_t cls = roberta.cls_token_id(), sep = roberta.sep_token_id();
  EXPECT_EQ(cls, 0);
  EXPECT_EQ(sep, 2);
  EXPECT_EQ(roberta.pad_token_id(), 1);
  EXPECT_EQ(roberta.unk_token_id(), 3);
  EXPECT_EQ(roberta.mask_token_id(), 4);
  EXPECT_EQ(roberta.num_special_tokens_to_add(false), 2);
  EXPECT_EQ(roberta.num_special_tokens_to_add(true), 4);
  EXPECT_EQ(roberta.separators_between(), 2);
  EXPECT_EQ(roberta.second_token_type(), 0);
  const std::int32_t a = *roberta.token_to_id("a"), b = *roberta.token_to_id("b");
  const Encoding pair = roberta.encode("a", "b");
  EXPECT_THAT(pair.input_ids, ElementsAre(cls, a, sep, sep, b, sep));
  EXPECT_THAT(pair.token_type_ids, ElementsAre(0, 0, 0, 0, 0, 0));
  PackedEncodings rows;
  roberta.encode_packed({"a", "aa"}, {"b", "bb"}, {.truncation = Truncation::longest_first, .max_length = 6},
                        rows);
  EXPECT_THAT(std::span(rows.input_ids).first(6), ElementsAre(cls, a, sep, sep, b, sep));
  EXPECT_THAT(rows.begins, ElementsAre(0, 6, 12));
  EXPECT_EQ(std::count(rows.token_type_ids.begin(), rows.token_type_ids.end(), 0), 12);
  EXPECT_THROW(roberta.encode("a", "b", {.truncation = Truncation::longest_first, .max_length = 3}), Error);
  // A word of a list is read behind a space.
  EXPECT_EQ(roberta.encode("the", {.is_split_into_words = true}).input_ids, roberta.encode(" the").input_ids);
  EXPECT_NE(roberta.encode("the", {.is_split_into_words = true}).input_ids, roberta.encode("the").input_ids);
}

TEST(ByteLevel, WordsBeginWithASpace) {
  const BertTokenizer roberta = tokenizer_named("roberta");
  EXPECT_TRUE(roberta.continues_word(*roberta.token_to_id("ing")));
  EXPECT_FALSE(roberta.continues_word(*roberta.token_to_id("Ġthe")));
  EXPECT_FALSE(roberta.continues_word(roberta.mask_token_id()));
  EXPECT_THROW(roberta.continues_word(1 << 20), Error);
}

TEST(ByteLevel, DecodesWhatItEncodes) {
  const BertTokenizer roberta = tokenizer_named("roberta");
  Random random(1, 1);
  for (int i = 0; i < 300; ++i) {
    std::string text = random_text(random, 30);
    for (std::size_t at; (at = text.find('<')) != std::string::npos;) text[at] = '(';
    EXPECT_EQ(roberta.decode(roberta.encode(text).input_ids), text);
  }
  EXPECT_EQ(roberta.decode({0, 4, 2}, false), "<s><mask></s>");
}

TEST(ByteLevel, WhatIsSavedIsTheSameTokenizer) {
  for (const char* name : {"roberta", "prefix", "untrimmed", "added", "stored", "stored pairs", "one word",
                           "dropping", "unknown", "fused"}) {
    const BertTokenizer tokenizer = tokenizer_named(name);
    const TemporaryDirectory folder;
    for (const auto& [file, contents] : tokenizer.files(77)) folder.write(file, contents);
    const BertTokenizer again = BertTokenizer::from_pretrained(folder.path());
    EXPECT_EQ(again.config().model_max_length, 77);
    EXPECT_EQ(again.files(77), tokenizer.files(77)) << name;
    Random random(2, 7);
    for (int i = 0; i < 200; ++i) {
      const std::string text = random_text(random, 30);
      const Encoding first = tokenizer.encode(text, "a b", {.return_offsets = true}),
                     second = again.encode(text, "a b", {.return_offsets = true});
      ASSERT_EQ(first.input_ids, second.input_ids) << name << ": " << text;
      ASSERT_EQ(first.offsets, second.offsets) << name << ": " << text;
      ASSERT_EQ(first.token_type_ids, second.token_type_ids) << name;
    }
  }
}

TEST(ByteLevel, FilesOfTransformers4AreEnough) {
  const BertTokenizer tokenizer = tokenizer_named("roberta");
  const TemporaryDirectory folder;
  for (const auto& [file, contents] : tokenizer.files(512)) {
    if (file == "vocab.json" || file == "merges.txt") folder.write(file, contents);
  }
  // As version 4 writes it: a token with its flags.
  folder.write(
      "special_tokens_map.json",
      R"({"mask_token": {"content": "<mask>", "lstrip": true, "normalized": false}, "cls_token": "<s>"})");
  const BertTokenizer again = BertTokenizer::from_pretrained(folder.path());
  const std::string text = "the  people <mask> of\n\nit's";
  EXPECT_EQ(again.encode(text).input_ids, tokenizer.encode(text).input_ids);
}

// The message of the Error that a folder of these files gives.
std::string load_error(const std::vector<std::pair<std::string, std::string>>& files) {
  const TemporaryDirectory folder;
  for (const auto& [name, contents] : files) folder.write(name, contents);
  try {
    BertTokenizer::from_pretrained(folder.path());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string stored(const std::string& model, const std::string& more = "") {
  return R"({"pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"}, )" + more +
         R"("model": {"type": "BPE", )" + model + "}}";
}

constexpr const char* kVocabulary = R"("vocab": {"<s>": 0, "</s>": 1, "a": 2, "b": 3, "ab": 4}, )";

TEST(ByteLevel, RefusesWhatWouldChangeIds) {
  const std::string vocabulary = kVocabulary;
  const auto error = [&](const std::string& model) {
    return load_error({{"tokenizer.json", stored(vocabulary + model)}});
  };
  EXPECT_EQ(error(R"("merges": ["a b"], "dropout": null, "end_of_word_suffix": "")"), "no error");
  EXPECT_THAT(error(R"("merges": [], "dropout": 0.1)"), HasSubstr("model.dropout is 0.1"));
  EXPECT_THAT(error(R"("merges": [], "byte_fallback": true)"), HasSubstr("model.byte_fallback is true"));
  EXPECT_THAT(error(R"("merges": [], "ignore_merges": true)"), HasSubstr("model.ignore_merges"));
  EXPECT_THAT(error(R"("merges": [], "continuing_subword_prefix": "@@")"), HasSubstr("prefix is \"@@\""));
  EXPECT_THAT(error(R"("merges": [], "end_of_word_suffix": "</w>")"), HasSubstr("end_of_word_suffix"));
  const auto with = [&](const std::string& more) {
    return load_error({{"tokenizer.json", stored(vocabulary + R"("merges": [])", more)}});
  };
  EXPECT_THAT(with(R"("normalizer": {"type": "NFC"}, )"), HasSubstr("its normalizer is NFC"));
  EXPECT_THAT(
      load_error({{"tokenizer.json", R"({"pre_tokenizer": {"type": "Metaspace"}, "model": {"type": "BPE",
              "vocab": {"a": 0}, "merges": []}})"}}),
      HasSubstr("its pre_tokenizer Metaspace"));
  const auto of_class = [&](const char* name) {
    return load_error({{"tokenizer.json", stored(vocabulary + R"("merges": [])")},
                       {"tokenizer_config.json", fmt::format(R"({{"tokenizer_class": "{}"}})", name)}});
  };
  EXPECT_EQ(of_class("RobertaTokenizerFast"), "no error");
  EXPECT_THAT(of_class("BertTokenizer"), HasSubstr("tokenizer_config.json says BertTokenizer"));
  EXPECT_THAT(of_class("GPT2Tokenizer"), HasSubstr("GPT2Tokenizer"));
  EXPECT_THAT(of_class("PreTrainedTokenizerFast"), HasSubstr("does not build <s> text </s>"));
  EXPECT_THAT(load_error({{"tokenizer.json", R"({"model": {"type": "WordPiece", "vocab": {"a": 0}}})"},
                          {"tokenizer_config.json", R"({"tokenizer_class": "RobertaTokenizer"})"}}),
              HasSubstr("do not belong together"));
}

TEST(ByteLevel, RefusesDamagedFiles) {
  const std::string vocabulary = kVocabulary;
  const auto error = [&](const std::string& model) {
    return load_error({{"tokenizer.json", stored(model)}});
  };
  EXPECT_THAT(error(vocabulary + R"("merges": ["a c"])"),
              HasSubstr("merge 1 (\"a\" and \"c\") needs the token \"c\""));
  EXPECT_THAT(error(vocabulary + R"("merges": ["a b", ["b", "a"]])"), HasSubstr("needs the token \"ba\""));
  EXPECT_THAT(error(vocabulary + R"("merges": ["ab"])"), HasSubstr("model.merges[0] is not two tokens"));
  EXPECT_THAT(error(vocabulary + R"("merges": ["a b", "a b c"])"), HasSubstr("model.merges[1]"));
  for (const char* merge : {R"([])", R"(["a"])", R"(["a", "b", "a"])", R"(["a", 1])", "7", "null",
                            R"({"a": "b"})", R"([["a"], "b"])"}) {
    EXPECT_THAT(error(vocabulary + R"("merges": [)" + merge + "]"),
                HasSubstr("model.merges[0] is not a pair"))
        << merge;
  }
  EXPECT_THAT(error(vocabulary + R"("merges": {})"), HasSubstr("not a list"));
  EXPECT_THAT(error(vocabulary + R"("fuse_unk": false)"), HasSubstr("not a list"));
  EXPECT_THAT(error(R"("vocab": {"a": 0, "a": 1}, "merges": [])"), HasSubstr("twice"));
  EXPECT_THAT(error(R"("vocab": {"a": 0, "b": 0}, "merges": [])"), HasSubstr("gives id 0 to both"));
  EXPECT_THAT(error(R"("vocab": {"a": -1}, "merges": [])"), HasSubstr("negative"));
  EXPECT_THAT(error(R"("vocab": {"a": 4000000000}, "merges": [])"), HasSubstr("no token id"));
  EXPECT_THAT(error(R"("vocab": {"a": 0}, "merges": [])"), HasSubstr("has no <s>, which RoBERTa"));
  EXPECT_THAT(error(R"("vocab": {}, "merges": [])"), HasSubstr("vocabulary is empty"));
  const std::string whole = stored(vocabulary + R"("merges": ["a b"])");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(load_error({{"tokenizer.json", whole.substr(0, size)}}), HasSubstr("not valid JSON")) << size;
  }
}

TEST(ByteLevel, RefusesDamagedVocabularyFiles) {
  const auto error = [](const std::string& vocabulary, const std::string& merges) {
    return load_error({{"vocab.json", vocabulary}, {"merges.txt", merges}});
  };
  const std::string good = R"({"<s>": 0, "</s>": 1, "a": 2, "b": 3, "ab": 4})";
  EXPECT_EQ(error(good, "#version: 0.2\r\na b\r\n"), "no error");
  EXPECT_EQ(error(good, ""), "no error");
  EXPECT_THAT(error(good, "#version: 0.2\na b\n\n"), HasSubstr("merges.txt: line 3"));
  EXPECT_THAT(error(good, "a  b\n"), HasSubstr("line 1 is not two tokens"));
  EXPECT_THAT(error(good, "a \n"), HasSubstr("line 1"));
  EXPECT_THAT(error(good, "a \xff\n"), HasSubstr("not UTF-8"));
  EXPECT_THAT(error(good, "a d\n"), HasSubstr("needs the token \"d\""));
  EXPECT_THAT(error("[1]", ""), HasSubstr("an object of tokens"));
  EXPECT_THAT(error("7", ""), HasSubstr("an object of tokens"));
  EXPECT_THAT(error(R"({"a": {"b": 1}})", ""), HasSubstr("an object of tokens"));
  EXPECT_THAT(error(R"({"a": "b"})", ""), HasSubstr("no token id"));
  EXPECT_THAT(error("{}", ""), HasSubstr("is empty"));
  EXPECT_THAT(error("{\"a\": 1", ""), HasSubstr("not valid JSON"));
  EXPECT_THAT(load_error({{"vocab.json", good}}), HasSubstr("vocab.json with merges.txt"));
}

TEST(ByteLevel, LongTextsTakeTimeInProportion) {
  const BertTokenizer roberta = tokenizer_named("roberta");
  for (const char* part : {"a", "the", " ", "\n", "'", "é", "中", "<mask>", "<", "\x01", " \u00a0"}) {
    std::string text;
    while (text.size() < (std::size_t{1} << 20)) text += part;
    const auto begin = std::chrono::steady_clock::now();
    const Encoding encoding = roberta.encode(text, {.return_offsets = true});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(encoding.byte_offsets[encoding.byte_offsets.size() - 2].end, text.size());
    EXPECT_LT(seconds.count(), 20) << part;
  }
}

}  // namespace
}  // namespace bertune::text
