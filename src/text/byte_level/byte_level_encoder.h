// A stretch of text without added tokens becomes the tokens of byte-level BPE (RoBERTa, GPT-2): words of a
// regular expression, whose bytes are merged. Nothing reaches from word to word, so the tokens of a word
// depend on its bytes alone, and are looked up by them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/byte_level/byte_pairs.h"
#include "text/encode_scratch.h"
#include "text/tokenizer_spec.h"
#include "text/vocabulary.h"

namespace bertune::text {

class ByteLevelEncoder {
 public:
  // Throws Error naming spec.source when merges and vocabulary do not fit. `vocabulary` must outlive this.
  ByteLevelEncoder(const TokenizerSpec& spec, const Vocabulary& vocabulary);

  // Appends the tokens of `segment`, valid UTF-8 that lies at byte `base` of the text; `prefix_space` puts a
  // space before it, if there is none, which shares the place of the first character. Spans are those of
  // whole characters; spaces are part of them.
  void encode(std::string_view segment, std::uint32_t base, bool prefix_space, EncodeScratch& scratch,
              TokenSink& sink) const;
  // The same without blocks of words and without the cache: what these are held against.
  void encode_plainly(std::string_view segment, std::uint32_t base, bool prefix_space, EncodeScratch& scratch,
                      TokenSink& sink) const;

 private:
  // The text to encode: a segment, perhaps behind a space, and the place of its first byte in the text.
  struct Input {
    std::string_view bytes;
    std::uint32_t base;
    bool prefixed;
    Span span(std::size_t begin, std::size_t end) const;  // of bytes [begin, end), in the text
  };
  Input input(std::string_view segment, std::uint32_t base, bool prefix_space, EncodeScratch& scratch) const;
  std::size_t end_of_word(std::string_view bytes, std::size_t position) const;
  void encode_ids(std::string_view bytes, EncodeScratch& scratch, TokenSink& sink) const;
  void encode_with_spans(const Input& input, EncodeScratch& scratch, TokenSink& sink) const;
  void encode_words_plainly(const Input& input, EncodeScratch& scratch, TokenSink& sink) const;
  void append_ids(std::string_view word, RunCache& cache, EncodeScratch& scratch, TokenBuffer& out) const;
  void encode_new_word(std::string_view word, RunCache& cache, EncodeScratch& scratch,
                       TokenBuffer& out) const;
  void merge(std::string_view word, EncodeScratch& scratch) const;

  BytePairs pairs_;
  std::array<std::int32_t, 256> byte_ids_{};  // -1: the vocabulary lacks the byte
  std::vector<std::uint32_t> sizes_;          // bytes that a token stands for, by id
  std::int32_t unk_ = -1;
  bool use_regex_, fuse_unk_;
  bool complete_ = true;  // all bytes have tokens
  std::uint32_t owner_;   // of cache entries
};

}  // namespace bertune::text
