#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/error.h"
#include "bertune/tokenizer.h"
#include "core/json.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/utf8.h"
#include "support/temporary_directory.h"

namespace bertune::tokenizer_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

constexpr const char* kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nplay\n##ing\n##ed\nthe\ncafe\n,\n.\na\nb\nc\nd\ne\n##s\n中\n";

BertTokenizer tokenizer(const TokenizerConfig& config = {}) {
  const testing::TemporaryDirectory folder;
  return BertTokenizer::from_vocabulary(folder.write("vocab.txt", kVocabulary), config);
}

// The message of the Error that loading a folder with these files throws.
std::string load_error(const std::vector<std::pair<std::string, std::string>>& files) {
  const testing::TemporaryDirectory folder;
  for (const auto& [name, contents] : files) folder.write(name, contents);
  try {
    BertTokenizer::from_pretrained(folder.path());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string json_with(const std::string& vocab, const std::string& more = "") {
  return R"({"added_tokens": [], "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},)" +
         more + R"("model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": )" + vocab + "}}";
}

TEST(Tokenizer, EncodesATextAndAPair) {
  const BertTokenizer bert = tokenizer();
  EXPECT_THAT(bert.encode("The café, playing").input_ids, ElementsAre(2, 8, 9, 10, 5, 6, 3));
  const Encoding pair = bert.encode("a b", "plays", {.return_offsets = true});
  EXPECT_THAT(pair.input_ids, ElementsAre(2, 12, 13, 3, 5, 17, 3));
  EXPECT_THAT(pair.token_type_ids, ElementsAre(0, 0, 0, 0, 1, 1, 1));
  EXPECT_THAT(pair.word_ids, ElementsAre(-1, 0, 1, -1, 0, 0, -1));
  EXPECT_THAT(pair.special_tokens_mask, ElementsAre(1, 0, 0, 1, 0, 0, 1));
  EXPECT_THAT(bert.encode("", "").input_ids, ElementsAre(2, 3, 3));
  EXPECT_THAT(bert.encode("a", {.add_special_tokens = false}).input_ids, ElementsAre(12));
  EXPECT_TRUE(bert.encode("a").offsets.empty());
}

// A vocabulary of whole words or letters has no pieces that go on, not even a lone "##".
TEST(Tokenizer, VocabularyWithoutContinuingPieces) {
  const testing::TemporaryDirectory folder;
  for (const char* more : {"", "##\n"}) {
    const auto path =
        folder.write("vocab.txt", std::string("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n") + more);
    const BertTokenizer bert = BertTokenizer::from_vocabulary(path, {});
    EXPECT_THAT(bert.encode("ab a b ba").input_ids, ElementsAre(2, 1, 5, 6, 1, 3));
    EXPECT_THAT(bert.encode("ab a", {.return_offsets = true}).input_ids, ElementsAre(2, 1, 5, 3));
  }
}

TEST(Tokenizer, OffsetsCountCodePointsAndBytesOfTheOriginal) {
  const Encoding encoding = tokenizer().encode("é\xFF 中 caf\u00e9\xC3", {.return_offsets = true});
  // U+FFFD for each bad byte: é, U+FFFD, space, 中, space, café, U+FFFD.
  EXPECT_THAT(encoding.input_ids, ElementsAre(2, 16, 18, 9, 3));
  EXPECT_THAT(encoding.offsets, ElementsAre(Span{0, 0}, Span{0, 1}, Span{3, 4}, Span{5, 9}, Span{0, 0}));
  EXPECT_THAT(encoding.byte_offsets,
              ElementsAre(Span{0, 0}, Span{0, 2}, Span{4, 7}, Span{8, 13}, Span{0, 0}));
}

TEST(Tokenizer, ByteAndCodePointOffsetsAgree) {
  const BertTokenizer bert = tokenizer();
  Random random(3, 3);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(40); i > 0; --i) {
      switch (random.below(4)) {
        case 0:
          text.push_back(static_cast<char>(random.below(256)));
          break;
        case 1:
          text += " play";
          break;
        default:
          append_utf8(text, static_cast<char32_t>(random.below(0xD800)));
      }
    }
    std::vector<std::uint32_t> code_point_at(text.size() + 1, 0);
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count) {
      const std::uint32_t bytes = decode_utf8(text, i).bytes;
      for (std::uint32_t k = 0; k < bytes; ++k) code_point_at[i + k] = count;
      i += bytes;
    }
    code_point_at[text.size()] = count;
    const Encoding encoding = bert.encode(text, {.return_offsets = true});
    for (std::size_t i = 1; i + 1 < encoding.input_ids.size(); ++i) {
      const Span bytes = encoding.byte_offsets[i], code_points = encoding.offsets[i];
      ASSERT_LE(bytes.end, text.size());
      ASSERT_EQ(code_point_at[bytes.begin], code_points.begin);
      ASSERT_EQ(code_point_at[bytes.end], code_points.end);
    }
  }
}

TEST(Tokenizer, CountsSpecialTokensOfTheText) {
  const BertTokenizer bert = tokenizer();
  const Encoding encoding = bert.encode("a [SEP] b[MASK]", "[CLS]");
  EXPECT_EQ(encoding.special_in_text, 3U);
  EXPECT_THAT(encoding.input_ids, ElementsAre(2, 12, 3, 13, 4, 3, 2, 3));
  const Encoding literal = bert.encode("a [SEP]", {.split_special_tokens = true});
  EXPECT_EQ(literal.special_in_text, 0U);
  EXPECT_THAT(literal.input_ids, ElementsAre(2, 12, 1, 1, 1, 3));
}

TEST(Tokenizer, TruncatesAndCutsWindows) {
  const BertTokenizer bert = tokenizer();
  EncodeOptions options{.truncation = Truncation::longest_first, .max_length = 5};
  const Encoding cut = bert.encode("a b c d e", options);
  EXPECT_THAT(cut.input_ids, ElementsAre(2, 12, 13, 14, 3));
  EXPECT_EQ(cut.truncated_tokens, 2U);
  EXPECT_TRUE(cut.overflowing.empty());
  options.return_overflowing_tokens = true;
  options.stride = 2;
  const Encoding windows = bert.encode("a b c d e", options);
  EXPECT_EQ(windows.truncated_tokens, 0U);
  ASSERT_EQ(windows.overflowing.size(), 2U);
  EXPECT_THAT(windows.overflowing[0].input_ids, ElementsAre(2, 13, 14, 15, 3));
  EXPECT_THAT(windows.overflowing[1].input_ids, ElementsAre(2, 14, 15, 16, 3));
  options.stride = 3;
  EXPECT_THROW(bert.encode("a b c d e", options), Error);
  options.max_length = 1;
  EXPECT_THROW(bert.encode("a", options), Error);
}

TEST(Tokenizer, EveryTokenIsInAWindow) {
  const BertTokenizer bert = tokenizer();
  std::string text;
  for (int i = 0; i < 97; ++i) text += "play the a ";
  for (const std::int64_t stride : {0, 1, 7, 12}) {
    const Encoding first = bert.encode("a b", text,
                                       {.truncation = Truncation::only_second,
                                        .max_length = 18,
                                        .stride = stride,
                                        .return_offsets = true,
                                        .return_overflowing_tokens = true});
    std::vector<bool> covered(97 * 3, false);
    const auto mark = [&](const Encoding& window) {
      ASSERT_LE(window.input_ids.size(), 18U);
      for (std::size_t i = 4; i + 1 < window.input_ids.size(); ++i) {
        covered[static_cast<std::size_t>(window.word_ids[i])] = true;
      }
    };
    mark(first);
    for (const Encoding& window : first.overflowing) mark(window);
    EXPECT_EQ(std::count(covered.begin(), covered.end(), false), 0) << stride;
  }
}

TEST(Tokenizer, BatchEqualsSingleOnAnyNumberOfThreads) {
  const BertTokenizer bert = tokenizer();
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i)
    texts.push_back("play a " + std::string(static_cast<std::size_t>(i % 20), 'b') + " é");
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<std::string_view> pairs(texts.rbegin(), texts.rend());
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    const auto batch = bert.encode_batch(views, pairs, {.return_offsets = true});
    ASSERT_EQ(batch.size(), views.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
      const Encoding single = bert.encode(views[i], pairs[i], {.return_offsets = true});
      ASSERT_EQ(batch[i].input_ids, single.input_ids);
      ASSERT_EQ(batch[i].offsets, single.offsets);
    }
  }
  set_num_threads(0);
  EXPECT_THROW(bert.encode_batch(views, {"a"}), Error);
}

TEST(Tokenizer, PackedRowsEqualSingleOnes) {
  const BertTokenizer bert = tokenizer();
  std::vector<std::string> texts;
  for (int i = 0; i < 20000; ++i) {  // several waves of blocks
    texts.push_back("play a " + std::string(static_cast<std::size_t>(i % 20), 'b') +
                    (i % 9 == 0 ? " [SEP]" : " é"));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<std::string_view> reversed(texts.rbegin(), texts.rend());
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    for (const auto& pairs : {std::vector<std::string_view>(), reversed}) {
      for (const bool special : {true, false}) {
        EncodeOptions options{.add_special_tokens = special, .max_length = 9};
        options.truncation = Truncation::longest_first;
        PackedEncodings rows;
        bert.encode_packed(views, pairs, options, rows);
        bert.encode_packed({views[0]}, pairs.empty() ? pairs : std::vector{pairs[0]}, options, rows);
        ASSERT_EQ(rows.begins.size(), views.size() + 2);
        ASSERT_EQ(rows.token_type_ids.size(), pairs.empty() ? 0 : rows.input_ids.size());
        std::int64_t with_special = 0;
        for (std::size_t i = 0; i <= views.size(); ++i) {
          const std::size_t text = i % views.size();
          const Encoding single = pairs.empty() ? bert.encode(views[text], options)
                                                : bert.encode(views[text], pairs[text], options);
          const auto of_row = [&](const std::vector<std::int32_t>& values) {
            return std::vector(values.begin() + rows.begins[i], values.begin() + rows.begins[i + 1]);
          };
          ASSERT_EQ(of_row(rows.input_ids), single.input_ids);
          if (!pairs.empty()) {
            ASSERT_EQ(of_row(rows.token_type_ids), single.token_type_ids);
          }
          ASSERT_EQ(rows.lengths[i], single.input_ids.size() + single.truncated_tokens);
          with_special += single.special_in_text > 0 ? 1 : 0;
        }
        ASSERT_EQ(rows.rows_with_special_tokens, with_special);
      }
    }
  }
  set_num_threads(0);
  PackedEncodings rows;
  EXPECT_THROW(bert.encode_packed(views, {"a"}, {}, rows), Error);
  bert.encode_packed({}, {}, {}, rows);
  EXPECT_EQ(rows.begins.size(), 1U);
}

TEST(Tokenizer, TokensAndIds) {
  const BertTokenizer bert = tokenizer();
  EXPECT_EQ(bert.vocab_size(), 19);
  EXPECT_EQ(bert.token_to_id("##ing"), 6);
  EXPECT_EQ(bert.token_to_id("nothing"), std::nullopt);
  EXPECT_EQ(bert.id_to_token(18), "中");
  EXPECT_THROW(bert.id_to_token(19), Error);
  EXPECT_THROW(bert.id_to_token(-1), Error);
  EXPECT_EQ(bert.cls_token_id(), 2);
  EXPECT_EQ(bert.sep_token_id(), 3);
  EXPECT_EQ(bert.pad_token_id(), 0);
  EXPECT_EQ(bert.unk_token_id(), 1);
  EXPECT_EQ(bert.mask_token_id(), 4);
}

TEST(Tokenizer, Decodes) {
  const BertTokenizer bert = tokenizer();
  EXPECT_EQ(bert.decode({2, 8, 5, 6, 10, 9, 11, 3}), "the playing, cafe.");
  EXPECT_EQ(bert.decode({2, 8, 3}, false), "[CLS] the [SEP]");
  EXPECT_THROW(bert.decode({19}), Error);
  EXPECT_THROW(bert.decode({-1}), Error);
}

TEST(Tokenizer, FilesReadBackAsTheSameTokenizer) {
  const testing::TemporaryDirectory folder;
  folder.write("vocab.txt", kVocabulary);
  folder.write("tokenizer_config.json",
               R"({"do_lower_case": false, "model_max_length": 1000000000000000019884624838656,
                   "additional_special_tokens": ["<x>"],
                   "added_tokens_decoder": {"19": {"content": "new \"word\"", "lstrip": true, "normalized": false}}})");
  const BertTokenizer bert = BertTokenizer::from_pretrained(folder.path());
  EXPECT_EQ(bert.config().model_max_length, std::nullopt);
  EXPECT_EQ(bert.vocab_size(), 21);
  const testing::TemporaryDirectory copy;
  for (const auto& [name, contents] : bert.files(128)) copy.write(name, contents);
  EXPECT_EQ(copy.read("vocab.txt"), kVocabulary);
  const BertTokenizer again = BertTokenizer::from_pretrained(copy.path());
  EXPECT_EQ(again.config().model_max_length, 128);
  EXPECT_FALSE(again.config().do_lower_case);
  EXPECT_EQ(again.files(128), bert.files(128));
  const std::string text = "The café  new \"word\" <x> playing";
  EXPECT_EQ(again.encode(text).input_ids, bert.encode(text).input_ids);
  // From tokenizer.json alone.
  std::filesystem::remove(copy.path() / "tokenizer_config.json");
  std::filesystem::remove(copy.path() / "vocab.txt");
  EXPECT_EQ(BertTokenizer::from_pretrained(copy.path()).encode(text).input_ids, bert.encode(text).input_ids);
  const Json json = parse_json(copy.read("tokenizer.json"), "tokenizer.json");
  EXPECT_TRUE(json["truncation"].is_null());
  EXPECT_TRUE(json["padding"].is_null());
}

TEST(Tokenizer, VocabularyLinesAreReadAsTransformersDoes) {
  const testing::TemporaryDirectory folder;
  // Trailing white space goes, the last of equal lines counts, a line of U+2028 keeps its place.
  folder.write("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\nb \r\na\n\u2028\na\n\nc");
  const BertTokenizer bert = BertTokenizer::from_pretrained(folder.path());
  EXPECT_THAT(bert.encode("a b c", {.add_special_tokens = false}).input_ids, ElementsAre(8, 5, 10));
  EXPECT_EQ(bert.vocab_size(), 11);
  EXPECT_EQ(bert.id_to_token(7), "\u2028");
  EXPECT_THROW(bert.id_to_token(6), Error);
  EXPECT_EQ(bert.decode({6, 5}), "b");
}

TEST(Tokenizer, RefusesWhatIsNoBertTokenizer) {
  EXPECT_THAT(load_error({}), HasSubstr("neither tokenizer.json nor vocab.txt"));
  EXPECT_THAT(load_error({{"vocab.txt", ""}}), HasSubstr("vocabulary is empty"));
  EXPECT_THAT(load_error({{"vocab.txt", "a\nb\n"}}), HasSubstr("has no [CLS]"));
  EXPECT_THAT(load_error({{"vocab.txt", "[CLS]\n[SEP]\n"}}), HasSubstr("has no [UNK]"));
  EXPECT_THAT(load_error({{"vocab.txt", "[CLS]\n\xFF\n"}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(load_error({{"tokenizer.json", "{"}}), HasSubstr("not valid JSON"));
  EXPECT_THAT(load_error({{"tokenizer.json", "[]"}}), HasSubstr("no \"model\""));
  EXPECT_THAT(load_error({{"tokenizer.json", R"({"model": {"type": "BPE", "vocab": {}, "merges": []}})"}}),
              HasSubstr("its pre_tokenizer none"));
  EXPECT_THAT(load_error({{"tokenizer.json", R"({"model": {"type": "Unigram", "vocab": [["a", 0.5]]}})"}}),
              HasSubstr("a Unigram tokenizer"));
  EXPECT_THAT(load_error({{"tokenizer.json", json_with("{}")}}), HasSubstr("vocabulary is empty"));
  EXPECT_THAT(load_error({{"tokenizer.json", json_with("[]")}}), HasSubstr("not an object"));
  EXPECT_THAT(load_error({{"vocab.txt", kVocabulary}, {"tokenizer_config.json", "[1]"}}),
              HasSubstr("JSON object"));
  EXPECT_THAT(load_error({{"vocab.txt", kVocabulary},
                          {"tokenizer_config.json", R"({"added_tokens_decoder": {"x": 1}})"}}),
              HasSubstr("token id is expected"));
}

TEST(Tokenizer, RefusesDamagedIds) {
  EXPECT_THAT(load_error({{"tokenizer.json", json_with(R"({"[UNK]": 0, "a": 1, "b": 1})")}}),
              HasSubstr("gives id 1 to both"));
  EXPECT_THAT(load_error({{"tokenizer.json", json_with(R"({"[UNK]": -1})")}}), HasSubstr("negative"));
  EXPECT_THAT(load_error({{"tokenizer.json", json_with(R"({"[UNK]": 2000000000})")}}), HasSubstr("at most"));
  EXPECT_THAT(load_error({{"tokenizer.json", json_with(R"({"[UNK]": 1e30})")}}), HasSubstr("no token id"));
  EXPECT_THAT(load_error({{"tokenizer.json", json_with(R"({"[UNK]": "x"})")}}), HasSubstr("no token id"));
  EXPECT_THAT(load_error({{"tokenizer.json", json_with(R"({"[UNK]": 0, "[UNK]": 1})")}}), HasSubstr("twice"));
  EXPECT_THAT(
      load_error({{"tokenizer.json", json_with(R"({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2})",
                                               R"("post_processor": {"type": "RobertaProcessing"},)")}}),
      HasSubstr("RobertaProcessing"));
  EXPECT_THAT(
      load_error({{"tokenizer.json",
                   R"({"normalizer": {"type": "NFC"}, "model": {"type": "WordPiece", "vocab": {"a": 0}}})"}}),
      HasSubstr("NFC"));
}

TEST(Tokenizer, HolesInTheIdsAreAllowed) {
  const testing::TemporaryDirectory folder;
  folder.write("tokenizer.json",
               json_with(R"({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "[MASK]": 4, "a": 9})"));
  const BertTokenizer bert = BertTokenizer::from_pretrained(folder.path());
  EXPECT_THAT(bert.encode("a b").input_ids, ElementsAre(1, 9, 0, 2));
  EXPECT_EQ(bert.decode({9, 7}), "a");
}

TEST(Tokenizer, LongTextsTakeLinearTime) {
  const BertTokenizer bert = tokenizer();
  for (const char* part : {"a", "é", "中", "\u0301", " a", "[SEP]", "[", "\xFF", "a\u0301\u0323"}) {
    std::string text;
    while (text.size() < (std::size_t{2} << 20)) text += part;
    const Encoding encoding =
        bert.encode(text, {.truncation = Truncation::longest_first, .return_offsets = true});
    EXPECT_LE(encoding.input_ids.size(), 512U) << part;
  }
}

}  // namespace
}  // namespace bertune::tokenizer_test
