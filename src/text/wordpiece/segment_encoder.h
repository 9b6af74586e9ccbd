// A stretch of text without added tokens becomes tokens: normalization, splitting into words, WordPiece.
//
// White space and punctuation of ASCII cut a text into runs, and nothing reaches from one run into another:
// neither a word nor what normalization does. So the tokens of a run depend on its bytes alone, and are
// looked up by them. Only runs that were not seen lately go through all the steps.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/encode_scratch.h"
#include "text/run_cache.h"
#include "text/run_scan.h"
#include "text/token_buffer.h"
#include "text/unicode/normalizer.h"
#include "text/wordpiece/word_piece.h"
#include "text/wordpiece/word_splitter.h"

namespace bertune::text {

class SegmentEncoder {
 public:
  SegmentEncoder(const WordPiece& word_piece, const NormalizerOptions& options);

  // Appends the tokens of `segment`, valid UTF-8 that lies at byte `base` of the text.
  void encode(std::string_view segment, std::uint32_t base, EncodeScratch& scratch, TokenSink& sink) const;
  // The same without the fast lane for ASCII and without the cache: what the fast lane is held against.
  void encode_plainly(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                      TokenSink& sink) const;
  // Appends the tokens of text that is normalized already.
  void encode_normalized(std::span<const NormalizedCharacter> characters, EncodeScratch& scratch,
                         TokenSink& sink) const;

  const NormalizerOptions& options() const { return options_; }

 private:
  enum AsciiClass : std::uint8_t {
    kLetter,
    kSpace,
    kPunct,
    kOther
  };  // kOther: not ASCII, or removed by cleaning

  class WordCollector;
  AsciiClass class_at(std::string_view segment, std::size_t position) const {
    return classes_[static_cast<unsigned char>(segment[position])];
  }
  std::size_t run_end(std::string_view segment, std::size_t position) const;
  void encode_ids(std::string_view segment, EncodeScratch& scratch, TokenSink& sink) const;
  std::size_t encode_run_by_run(std::string_view segment, std::size_t begin, std::size_t end, RunCache& cache,
                                EncodeScratch& scratch, TokenSink& sink) const;
  void append_ids(std::string_view run, RunCache& cache, EncodeScratch& scratch, TokenSink& sink) const;
  void encode_new_run(std::string_view run, RunCache& cache, EncodeScratch& scratch, TokenSink& sink) const;
  void encode_with_spans(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                         TokenSink& sink) const;
  void set_spans_of_word(std::uint32_t place, std::size_t size, std::size_t first, TokenSink& sink) const;
  bool is_ascii_word(std::string_view run) const;
  void tokenize_ascii_word(std::string_view word, EncodeScratch& scratch, TokenBuffer& out) const;
  void encode_general_run(std::string_view run, std::uint32_t base, EncodeScratch& scratch,
                          TokenSink& sink) const;
  void encode_word(const Word& word, EncodeScratch& scratch, TokenSink& sink) const;

  WordPiece word_piece_;
  NormalizerOptions options_;
  std::uint32_t owner_;  // of cache entries
  std::array<AsciiClass, 256> classes_{};
  std::array<char, 128> lower_{};
  std::array<std::int32_t, 128> punctuation_ids_{};
};

}  // namespace bertune::text
