// Files of tokenizers, and their fast ways against the plain ones.
#include "bertune/tokenizer.h"

#include <array>

#include "bertune/error.h"
#include "core/file.h"
#include "fuzz/target.h"
#include "support/byte_level_fixtures.h"
#include "support/tiny_checkpoint.h"
#include "text/files/vocabulary_files.h"
#include "text/text_encoder.h"

namespace bertune::fuzz {
namespace {

constexpr std::string_view kText = "The film wasn't [MASK] <mask> b\xc3\xa9ser\xff 42!";

// A tokenizer's own files are those of the same tokenizer.
void use(const BertTokenizer& tokenizer, std::string_view text) {
  EncodeOptions options;
  options.return_offsets = true;
  const Encoding encoding = tokenizer.encode(text, options);
  require(encoding.offsets.size() == encoding.input_ids.size(), "a place for each token");
  for (const Span span : encoding.byte_offsets)
    require(span.begin <= span.end && span.end <= text.size(), "places within the text");
  tokenizer.decode(encoding.input_ids);
  PackedEncodings packed;
  tokenizer.encode_packed({text}, {}, options, packed);
  require(packed.input_ids == encoding.input_ids, "packed tokens are the same");
  const testing::TemporaryDirectory saved;
  for (const auto& [name, contents] : tokenizer.files(512)) saved.write(name, contents);
  const BertTokenizer again = BertTokenizer::from_pretrained(saved.path());
  require(again.encode(text, options).input_ids == encoding.input_ids, "a saved tokenizer is the same");
}

void read_folder(std::string_view text) {
  const std::filesystem::path directory = folder().path() / "tokenizer";
  std::optional<BertTokenizer> tokenizer;
  tokenizer.emplace(BertTokenizer::from_pretrained(directory));
  use(*tokenizer, kText);
  if (!text.empty()) use(*tokenizer, text);
}

// tokenizer.json, tokenizer_config.json, a text.
const Target kJson("tokenizer_json", [](std::string_view bytes) {
  const std::vector<std::string_view> files = parts(bytes, 3);
  folder().write("tokenizer/tokenizer.json", files[0]);
  std::filesystem::remove(folder().path() / "tokenizer/tokenizer_config.json");
  if (!files[1].empty()) folder().write("tokenizer/tokenizer_config.json", files[1]);
  read_folder(files[2]);
});

// The files of tokenizers without tokenizer.json.
const Target kFolder("tokenizer_folder", [](std::string_view bytes) {
  static constexpr std::array kNames = {"tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "added_tokens.json",
                                        "vocab.txt",
                                        "vocab.json",
                                        "merges.txt"};
  const std::vector<std::string_view> files = parts(bytes, kNames.size() + 1);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const std::string name = std::string("tokenizer/") + kNames[i];
    std::filesystem::remove(folder().path() / name);
    if (!files[i].empty()) folder().write(name, files[i]);
  }
  read_folder(files.back());
});

const Target kVocabulary("vocabulary", [](std::string_view bytes) {
  text::parse_vocabulary_lines(bytes, "vocab.txt");
  use(BertTokenizer::from_vocabulary(folder().write("vocab.txt", bytes)), kText);
});

const Target kMerges("merges", [](std::string_view bytes) {
  for (const text::Merge& merge : text::parse_merges(bytes, "merges.txt"))
    require(!merge.first.empty() && !merge.second.empty(), "two tokens a merge");
});

struct Tokens {
  std::vector<std::int32_t> ids, words;
  std::vector<Span> spans;
  std::uint32_t special = 0;
  bool operator==(const Tokens&) const = default;
};

Tokens encode(const text::TextEncoder& encoder, std::string_view text, bool plainly, bool with_spans) {
  static text::EncodeScratch scratch;  // its cache holds what came before
  text::TokenBuffer buffer;
  buffer.clear(with_spans);
  Tokens tokens;
  tokens.special = encoder.encode(text::ValidText(text), {false, plainly}, scratch, buffer);
  tokens.ids.assign(buffer.ids(), buffer.ids() + buffer.size());
  if (!with_spans) return tokens;
  tokens.words.assign(buffer.words(), buffer.words() + buffer.size());
  tokens.spans.assign(buffer.spans(), buffer.spans() + buffer.size());
  return tokens;
}

void compare(const text::TextEncoder& encoder, std::string_view text) {
  const std::string own(text);  // so that a sanitizer sees a read behind it
  const Tokens plain = encode(encoder, own, true, true);
  require(encode(encoder, own, false, true) == plain,
          "the fast lane gives the tokens and places of the plain way");
  const Tokens ids = encode(encoder, own, false, false);
  require(ids.ids == plain.ids && ids.special == plain.special, "ids alone are the same");
  require(encode(encoder, own, false, false).ids == plain.ids, "and from the cache");
}

text::TokenizerSpec word_piece(bool lower_case) {
  TokenizerConfig config;
  config.do_lower_case = lower_case;
  return text::read_vocabulary_file(testing::byte_level_fixture("tokenizer_vocab.txt"), config);
}

const Target kWordPiece("fast_lane", [](std::string_view bytes) {
  static const text::TextEncoder uncased(word_piece(true)), cased(word_piece(false));
  compare(take_choice(bytes) % 2 == 0 ? uncased : cased, bytes);
});

text::TokenizerSpec byte_level(bool prefix_space) {
  const testing::TemporaryDirectory folder;
  testing::write_byte_level_folder(folder, {{"config", Json::object()}});
  text::TokenizerSpec spec = text::read_tokenizer_folder(folder.path());
  spec.byte_level->add_prefix_space = prefix_space;
  return spec;
}

const Target kByteLevel("fast_byte_level", [](std::string_view bytes) {
  static const text::TextEncoder plain(byte_level(false)), prefixed(byte_level(true));
  compare(take_choice(bytes) % 2 == 0 ? plain : prefixed, bytes);
});

}  // namespace
}  // namespace bertune::fuzz
