#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "bertune/tokenizer.h"
#include "core/parallel.h"
#include "core/quoted.h"
#include "text/byte_level/byte_level.h"
#include "text/decoder.h"
#include "text/encoding_builder.h"
#include "text/packed_encoder.h"
#include "text/truncation.h"

namespace bertune {

using text::EncodeScratch;
using text::EncodingBuilder;
using text::TextEncoder;
using text::TextTokens;
using text::ValidText;
using text::Window;

namespace {

void require_reasonable(std::string_view text) {
  constexpr std::size_t kLongestText = std::size_t{1} << 30;  // bytes; offsets have 32 bits
  if (text.size() > kLongestText) {
    throw Error("a text of more than 1 GiB cannot be encoded in one piece: split it");
  }
}

void require_as_many(const std::vector<std::string_view>& texts, const std::vector<std::string_view>& pairs) {
  if (!pairs.empty() && pairs.size() != texts.size()) {
    throw Error(fmt::format("{} texts were given with {} second texts", texts.size(), pairs.size()));
  }
}

struct Scratch {
  TextTokens first, second;
};

Scratch& thread_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

}  // namespace

struct BertTokenizer::Implementation {
  explicit Implementation(text::TokenizerSpec spec) : encoder(std::move(spec)) {
    const TokenizerConfig& config = encoder.spec().config;
    cls = encoder.find(config.cls_token);
    sep = encoder.find(config.sep_token);
    pad = encoder.find(config.pad_token);
    unk = encoder.find(config.unk_token);
    mask = encoder.find(config.mask_token);
    if (std::string note = text::note_on_case(encoder.spec(), encoder.vocabulary()); !note.empty())
      notes.push_back(std::move(note));
  }

  Encoding encode(std::string_view first, const std::string_view* second, const EncodeOptions& options) const;
  Encoding build(const Scratch& scratch, Window first, const Window* second,
                 const EncodeOptions& options) const;
  void add_overflowing(Encoding& encoding, const Scratch& scratch, text::KeptTokens kept, bool is_pair,
                       const EncodeOptions& options) const;
  std::size_t room(bool is_pair, const EncodeOptions& options) const;
  // The type of a second text, which the model must know.
  std::int32_t second_type() const;
  // Returns whether no text comes to the token with this id, unless it is written out.
  bool is_seldom(std::int32_t id) const;

  TextEncoder encoder;
  std::int32_t cls, sep, pad, unk, mask;
  std::int64_t token_types = 0;
  std::vector<std::string> notes;
};

std::int32_t BertTokenizer::Implementation::second_type() const {
  const std::int32_t type = encoder.spec().row.second_type;
  if (token_types == 0 || type < token_types) return type;
  throw Error(
      fmt::format("pairs of texts were given to a model that knows one text alone (type_vocab_size is {} in "
                  "config.json): give "
                  "it single texts, the two in one column, or take a model with \"type_vocab_size\": {}",
                  token_types, type + 1));
}

// White space is no token of any text: as in Transformers, a blank line of vocab.txt has an id and no use.
bool BertTokenizer::Implementation::is_seldom(std::int32_t id) const {
  if (encoder.added_token(id) != nullptr) return id != cls && id != sep && id != pad && id != unk;
  if (!encoder.vocabulary().contains(id)) return true;
  return encoder.vocabulary().token(id).find_first_not_of(" \t\r") == std::string::npos;
}

// Returns how many tokens of the texts fit beside the special ones.
std::size_t BertTokenizer::Implementation::room(bool is_pair, const EncodeOptions& options) const {
  if (options.truncation == Truncation::do_not_truncate) return SIZE_MAX;
  const std::int64_t special = options.add_special_tokens ? encoder.spec().row.special_tokens(is_pair) : 0;
  if (options.max_length < special) {
    throw Error(fmt::format("a maximum length of {} leaves no room: the special tokens alone are {}",
                            options.max_length, special));
  }
  return static_cast<std::size_t>(options.max_length - special);
}

Encoding BertTokenizer::Implementation::build(const Scratch& scratch, Window first, const Window* second,
                                              const EncodeOptions& options) const {
  const std::size_t length = first.end - first.begin + (second != nullptr ? second->end - second->begin : 0);
  const text::RowShape& row = encoder.spec().row;
  const bool special = options.add_special_tokens, is_pair = second != nullptr;
  EncodingBuilder builder(length + static_cast<std::size_t>(row.special_tokens(is_pair)),
                          options.return_offsets);
  if (special) builder.add_special(cls, 0);
  builder.add_text(scratch.first, first, 0);
  if (special) builder.add_special(sep, 0);
  if (is_pair) {
    for (std::int32_t i = 1; special && i < row.separators_between; ++i) {
      builder.add_special(sep, row.second_type);
    }
    builder.add_text(scratch.second, *second, row.second_type);
    if (special) builder.add_special(sep, row.second_type);
  }
  return builder.take();
}

// The reference's order: each further window of the first text with all windows of the second, then the first
// window of the first text with the further ones of the second.
void BertTokenizer::Implementation::add_overflowing(Encoding& encoding, const Scratch& scratch,
                                                    text::KeptTokens kept, bool is_pair,
                                                    const EncodeOptions& options) const {
  const auto stride = static_cast<std::size_t>(std::max<std::int64_t>(options.stride, 0));
  const auto cut = [&](std::size_t length, std::size_t keep) {
    if (keep < length && keep > 0 && stride >= keep) {
      throw Error(
          fmt::format("a stride of {} tokens leaves no window to move: {} tokens of the text fit within the "
                      "maximum length of {}",
                      stride, keep, options.max_length));
    }
    return text::windows(length, keep, stride);
  };
  const auto first = cut(scratch.first.tokens.size(), kept.first);
  if (!is_pair) {
    for (std::size_t i = 1; i < first.size(); ++i) {
      encoding.overflowing.push_back(build(scratch, first[i], nullptr, options));
    }
    return;
  }
  const auto second = cut(scratch.second.tokens.size(), kept.second);
  for (std::size_t i = 1; i <= first.size(); ++i) {
    const bool wraps = i == first.size();
    for (std::size_t j = wraps ? 1 : 0; j < second.size(); ++j) {
      encoding.overflowing.push_back(build(scratch, first[wraps ? 0 : i], &second[j], options));
    }
  }
}

Encoding BertTokenizer::Implementation::encode(std::string_view first, const std::string_view* second,
                                               const EncodeOptions& options) const {
  const bool is_pair = second != nullptr;
  require_reasonable(first);
  if (is_pair) require_reasonable(*second), static_cast<void>(second_type());
  const std::size_t fits = room(is_pair, options);
  const ValidText first_valid(first), second_valid(is_pair ? *second : std::string_view());
  Scratch& scratch = thread_scratch();
  const text::TextEncoderOptions text_options{.split_special_tokens = options.split_special_tokens,
                                              .prefix_space = options.is_split_into_words};
  scratch.first.tokens.clear(options.return_offsets);
  scratch.second.tokens.clear(options.return_offsets);
  EncodeScratch& encode = text::thread_encode_scratch();
  std::uint32_t special = encoder.encode(first_valid, text_options, encode, scratch.first.tokens);
  if (is_pair) special += encoder.encode(second_valid, text_options, encode, scratch.second.tokens);
  const std::size_t first_size = scratch.first.tokens.size(), second_size = scratch.second.tokens.size();
  const text::KeptTokens kept = text::truncate(first_size, second_size, is_pair, fits, options.truncation);
  const bool overflows =
      options.return_overflowing_tokens && kept.first + kept.second < first_size + second_size;
  if (options.return_offsets) {
    scratch.first.locate(encoder, first_valid, overflows ? first_size : kept.first, overflows);
    scratch.second.locate(encoder, second_valid, overflows ? second_size : kept.second, overflows);
  }
  const Window second_window{0, kept.second};
  Encoding encoding = build(scratch, {0, kept.first}, is_pair ? &second_window : nullptr, options);
  encoding.special_in_text = special;
  if (overflows) {
    add_overflowing(encoding, scratch, kept, is_pair, options);
  } else {
    encoding.truncated_tokens =
        static_cast<std::uint32_t>(first_size + second_size - kept.first - kept.second);
  }
  scratch.first.tokens.shrink();
  scratch.second.tokens.shrink();
  return encoding;
}

BertTokenizer::BertTokenizer(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
BertTokenizer::BertTokenizer(BertTokenizer&&) noexcept = default;
BertTokenizer& BertTokenizer::operator=(BertTokenizer&&) noexcept = default;
BertTokenizer::~BertTokenizer() = default;

BertTokenizer BertTokenizer::from_pretrained(const std::filesystem::path& directory) {
  return BertTokenizer(std::make_unique<Implementation>(text::read_tokenizer_folder(directory)));
}

BertTokenizer BertTokenizer::from_vocabulary(const std::filesystem::path& vocab_txt,
                                             const TokenizerConfig& config) {
  return BertTokenizer(std::make_unique<Implementation>(text::read_vocabulary_file(vocab_txt, config)));
}

BertTokenizer BertTokenizer::from_tokens(const std::vector<std::string>& tokens,
                                         const TokenizerConfig& config) {
  return BertTokenizer(std::make_unique<Implementation>(text::spec_of_tokens(tokens, config)));
}

Encoding BertTokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return implementation_->encode(text, nullptr, options);
}

Encoding BertTokenizer::encode(std::string_view text, std::string_view text_pair,
                               const EncodeOptions& options) const {
  return implementation_->encode(text, &text_pair, options);
}

std::vector<Encoding> BertTokenizer::encode_batch(const std::vector<std::string_view>& texts,
                                                  const std::vector<std::string_view>& pairs,
                                                  const EncodeOptions& options) const {
  require_as_many(texts, pairs);
  constexpr std::size_t kBlock = 16;
  std::vector<Encoding> encodings(texts.size());
  const auto blocks = block_count(static_cast<std::int64_t>(texts.size()), kBlock);
  parallel_for(blocks, [&](std::int64_t block) {
    const std::size_t begin = static_cast<std::size_t>(block) * kBlock,
                      end = std::min(begin + kBlock, texts.size());
    for (std::size_t i = begin; i < end; ++i) {
      encodings[i] = implementation_->encode(texts[i], pairs.empty() ? nullptr : &pairs[i], options);
    }
  });
  return encodings;
}

void BertTokenizer::encode_packed(const std::vector<std::string_view>& texts,
                                  const std::vector<std::string_view>& pairs, const EncodeOptions& options,
                                  PackedEncodings& rows) const {
  require_as_many(texts, pairs);
  for (const std::string_view text : texts) require_reasonable(text);
  for (const std::string_view text : pairs) require_reasonable(text);
  if (texts.empty()) return;
  if (!pairs.empty()) static_cast<void>(implementation_->second_type());
  const text::RowTemplate row{implementation_->cls, implementation_->sep, implementation_->encoder.spec().row,
                              options, implementation_->room(!pairs.empty(), options)};
  text::PackedEncoder(implementation_->encoder, row).encode(texts, pairs, rows);
}

std::string BertTokenizer::decode(const std::vector<std::int32_t>& ids, bool skip_special_tokens) const {
  const TextEncoder& encoder = implementation_->encoder;
  std::vector<std::string_view> tokens;
  tokens.reserve(ids.size());
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= encoder.id_limit()) {
      throw Error(
          fmt::format("cannot decode id {}: the vocabulary has ids 0 to {}", id, encoder.id_limit() - 1));
    }
    if (const text::AddedToken* added = encoder.added_token(id)) {
      if (!skip_special_tokens || !added->special) tokens.emplace_back(added->content);
    } else if (encoder.vocabulary().contains(id)) {
      tokens.emplace_back(encoder.vocabulary().token(id));
    }
  }
  const text::TokenizerSpec& spec = encoder.spec();
  const bool clean_up = spec.config.clean_up_tokenization_spaces;
  if (spec.byte_level) {
    std::string text = text::decode_byte_level(tokens);
    return clean_up ? text::clean_up_text(std::move(text)) : text;
  }
  return text::decode_tokens(tokens, {spec.continuing_subword_prefix, spec.decoder_cleanup, clean_up});
}

std::optional<std::int32_t> BertTokenizer::token_to_id(std::string_view token) const {
  const std::int32_t id = implementation_->encoder.find(token);
  return id < 0 ? std::nullopt : std::optional(id);
}

std::string_view BertTokenizer::id_to_token(std::int32_t id) const {
  const TextEncoder& encoder = implementation_->encoder;
  if (const text::AddedToken* added = encoder.added_token(id)) return added->content;
  if (!encoder.vocabulary().contains(id)) {
    throw Error(fmt::format("there is no token with id {}: the vocabulary has ids 0 to {}", id,
                            encoder.id_limit() - 1));
  }
  return encoder.vocabulary().token(id);
}

bool BertTokenizer::continues_word(std::int32_t id) const {
  const text::TokenizerSpec& spec = implementation_->encoder.spec();
  const std::string_view token = id_to_token(id);
  if (!spec.byte_level) return token.starts_with(spec.continuing_subword_prefix);
  return implementation_->encoder.added_token(id) == nullptr && text::spaces_around(token).leading == 0;
}

std::int64_t BertTokenizer::num_special_tokens_to_add(bool is_pair) const {
  return implementation_->encoder.spec().row.special_tokens(is_pair);
}
std::int32_t BertTokenizer::separators_between() const {
  return implementation_->encoder.spec().row.separators_between;
}
std::int32_t BertTokenizer::second_token_type() const { return implementation_->second_type(); }

std::int64_t BertTokenizer::vocab_size() const { return implementation_->encoder.id_limit(); }
std::int32_t BertTokenizer::cls_token_id() const { return implementation_->cls; }
std::int32_t BertTokenizer::sep_token_id() const { return implementation_->sep; }
std::int32_t BertTokenizer::pad_token_id() const { return implementation_->pad; }
std::int32_t BertTokenizer::unk_token_id() const { return implementation_->unk; }
std::int32_t BertTokenizer::mask_token_id() const { return implementation_->mask; }
const TokenizerConfig& BertTokenizer::config() const { return implementation_->encoder.spec().config; }

void BertTokenizer::fit_to(std::int64_t vocab_size, std::int64_t token_types) {
  TextEncoder& encoder = implementation_->encoder;
  implementation_->token_types = token_types;
  std::vector<std::string> beyond;
  for (auto id = static_cast<std::int32_t>(vocab_size); id < encoder.id_limit(); ++id) {
    if (!implementation_->is_seldom(id)) {
      throw Error(
          fmt::format("{}: the tokenizer has {} tokens, but the model embeds {} (vocab_size in config.json); "
                      "the vocabulary is of another model",
                      encoder.spec().source, encoder.id_limit(), vocab_size));
    }
    if (const text::AddedToken* added = encoder.added_token(id)) beyond.push_back(in_quotes(added->content));
  }
  encoder.set_embedded_limit(static_cast<std::int32_t>(vocab_size));
  if (beyond.empty()) return;
  implementation_->notes.push_back(fmt::format(
      "{}: {} added {} no embedding in the model (vocab_size is {} in config.json), the first of them {}; "
      "a text that holds one is refused",
      encoder.spec().source, beyond.size(), beyond.size() == 1 ? "token has" : "tokens have", vocab_size,
      beyond.front()));
}
bool BertTokenizer::fits(std::int32_t id) const { return id < implementation_->encoder.embedded_limit(); }
const std::vector<std::string>& BertTokenizer::notes() const { return implementation_->notes; }

std::vector<std::pair<std::string, std::string>> BertTokenizer::files(std::int64_t model_max_length) const {
  const TextEncoder& encoder = implementation_->encoder;
  return text::tokenizer_files(encoder.spec(), encoder.vocabulary(), encoder.added_tokens(),
                               model_max_length);
}

}  // namespace bertune
