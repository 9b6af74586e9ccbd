// A whole text becomes tokens: added tokens are cut out of it, and what lies between goes through WordPiece
// or byte-level BPE.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/added_tokens.h"
#include "text/byte_level/byte_level_encoder.h"
#include "text/tokenizer_spec.h"
#include "text/unicode/valid_text.h"
#include "text/wordpiece/segment_encoder.h"

namespace bertune::text {

struct TextEncoderOptions {
  bool split_special_tokens = false;
  bool plainly = false;       // without the fast lane: for tests
  bool prefix_space = false;  // as the tokenizer's add_prefix_space
};

class TextEncoder {
 public:
  // Throws Error naming spec.source when the vocabulary lacks what the model needs.
  explicit TextEncoder(TokenizerSpec spec);
  TextEncoder(const TextEncoder&) = delete;
  TextEncoder& operator=(const TextEncoder&) = delete;

  // Appends the tokens of the text, with spans if `tokens` keeps them. Returns how many special tokens the
  // text itself held.
  std::uint32_t encode(const ValidText& text, const TextEncoderOptions& options, EncodeScratch& scratch,
                       TokenBuffer& tokens) const;

  const TokenizerSpec& spec() const { return spec_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const std::vector<AddedToken>& added_tokens() const { return added_tokens_; }
  std::int32_t find(std::string_view token) const;       // -1 when there is none
  const AddedToken* added_token(std::int32_t id) const;  // null when `id` is no added token
  std::int32_t id_limit() const { return id_limit_; }    // ids run below it
  // Ids that the model embeds run below it; encode() throws Error for an added token beyond.
  std::int32_t embedded_limit() const { return embedded_limit_; }
  void set_embedded_limit(std::int32_t limit) { embedded_limit_ = limit; }
  // A span of byte-level BPE, in bytes of `text`, without the token's spaces; `first`: of the first token of
  // a text or window, which may keep those before it.
  Span trimmed(std::string_view text, std::int32_t id, Span span, bool first) const;

 private:
  void encode_between(std::string_view text, std::size_t begin, std::size_t end,
                      const TextEncoderOptions& options, EncodeScratch& scratch, TokenSink& sink) const;
  void encode_with_normalized_tokens(std::string_view segment, std::uint32_t base,
                                     const TextEncoderOptions& options, EncodeScratch& scratch,
                                     TokenSink& sink) const;
  // Calls between(begin, end) for what lies between the matches in `text`, and pushes their tokens, with the
  // spans that span_of(match) gives.
  template <typename Between, typename SpanOf>
  void cut_out(const AddedTokenMatcher& matcher, std::string_view text, const TextEncoderOptions& options,
               TokenSink& sink, const Between& between, const SpanOf& span_of) const;
  void encode_byte_level(std::string_view segment, std::uint32_t base, const TextEncoderOptions& options,
                         EncodeScratch& scratch, TokenSink& sink) const;
  std::vector<AddedTokenMatcher::Pattern> patterns(bool normalized) const;

  TokenizerSpec spec_;
  Vocabulary vocabulary_;
  std::vector<AddedToken> added_tokens_;  // each content once, ids given
  std::unordered_map<std::int32_t, std::size_t> added_by_id_;
  std::unordered_map<std::string, std::int32_t> added_ids_;
  std::int32_t id_limit_ = 0, embedded_limit_ = std::numeric_limits<std::int32_t>::max();
  std::optional<SegmentEncoder> segments_;  // of WordPiece
  std::optional<ByteLevelEncoder> byte_level_;
  AddedTokenMatcher matcher_, normalized_matcher_;
};

}  // namespace bertune::text
