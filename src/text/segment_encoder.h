// A stretch of text without added tokens becomes tokens: normalisation, splitting into words, WordPiece.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalizer.h"
#include "text/token_buffer.h"
#include "text/word_cache.h"
#include "text/word_piece.h"

namespace bertune::text {

// A normalised word, and for each of its characters where it begins in `bytes` and what of the text it stands
// for.
struct Word {
  struct Character {
    std::uint32_t first_byte;
    std::uint32_t begin, end;
  };
  std::string bytes;
  std::vector<Character> characters;

  void clear() {
    bytes.clear();
    characters.clear();
  }
};

// The pieces of a word, in a cache or in the scratch.
struct WordPieces {
  const std::int32_t* ids;
  const std::uint32_t* ends;  // in bytes of the word; null: short_ends
  const std::uint8_t* short_ends;
  std::size_t count;

  std::uint32_t end(std::size_t i) const { return ends != nullptr ? ends[i] : short_ends[i]; }
};

// What a thread keeps from text to text.
struct EncodeScratch {
  WordCaches caches;
  MarkRun marks;
  Word word;
  std::vector<Piece> pieces;
  std::vector<std::int32_t> ids;    // of pieces
  std::vector<std::uint32_t> ends;  // of pieces
};

// Where tokens go, and the number of words so far.
struct TokenSink {
  TokenBuffer* tokens;
  std::int32_t words = 0;
  bool with_spans = false;    // else only ids are written
  std::uint32_t special = 0;  // special tokens that the text itself held
};

class SegmentEncoder {
 public:
  SegmentEncoder(const WordPiece& word_piece, const NormalizerOptions& options);

  // Appends the tokens of `segment`, valid UTF-8 that lies at byte `base` of the text.
  void encode(std::string_view segment, std::uint32_t base, EncodeScratch& scratch, TokenSink& sink) const;
  // The same without the fast lane for ASCII and without the cache: what the fast lane is held against.
  void encode_plainly(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                      TokenSink& sink) const;
  // Appends the tokens of text that is normalised already.
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
  template <bool kWithSpans>
  void encode_fast(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                   TokenSink& sink) const;
  template <bool kWithSpans>
  std::size_t encode_ascii_word(std::string_view segment, std::size_t begin, std::uint32_t base,
                                WordCache& cache, EncodeScratch& scratch, TokenSink& sink) const;
  std::size_t encode_general_run(std::string_view segment, std::size_t begin, std::uint32_t base,
                                 WordCache& cache, EncodeScratch& scratch, TokenSink& sink) const;
  template <bool kWithSpans>
  static void append_entry(const WordCache::SmallEntry& entry, std::uint32_t place, TokenSink& sink);
  static void append_pieces(const WordPieces& pieces, std::uint32_t place, TokenSink& sink);
  void encode_word(const Word& word, WordCache* cache, EncodeScratch& scratch, TokenSink& sink) const;
  WordPieces look_up(const WordKey& key, std::string_view word, WordCache& cache,
                     EncodeScratch& scratch) const;
  WordPieces tokenize(std::string_view word, EncodeScratch& scratch) const;

  WordPiece word_piece_;
  NormalizerOptions options_;
  std::uint32_t owner_;  // of cache entries
  std::array<AsciiClass, 256> classes_{};
  std::array<char, 128> lower_{};
  std::array<std::int32_t, 128> punctuation_ids_{};
};

}  // namespace bertune::text
