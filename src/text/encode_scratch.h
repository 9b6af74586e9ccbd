// The common parts of encoders: the memory that a thread keeps from text to text, and where tokens go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/byte_level/byte_pairs.h"
#include "text/run_cache.h"
#include "text/token_buffer.h"
#include "text/unicode/normalizer.h"
#include "text/wordpiece/word_piece.h"
#include "text/wordpiece/word_splitter.h"

namespace bertune::text {

// A normalized word, and for each of its characters where it begins in `bytes` and what of the text it stands
// for.
struct Word {
  struct Character {
    std::uint32_t first_byte;
    std::uint32_t begin, end;
  };
  WordBytes bytes;
  std::vector<Character> characters;  // only where spans are asked for

  void clear() {
    bytes.clear();
    characters.clear();
  }
};

// The memory that a thread keeps from text to text.
struct EncodeScratch {
  RunCaches caches;
  MarkRun marks;
  Word word;
  std::vector<Piece> pieces;
  std::vector<Symbol> symbols;  // of byte-level BPE, as what follows
  MergeScratch merging;
  std::string prefixed;  // a text behind a space
};

// The destination of tokens, and the number of words so far.
struct TokenSink {
  TokenBuffer* tokens;
  std::int32_t words = 0;     // counted only where spans are asked for
  std::uint32_t special = 0;  // special tokens that the text itself held
};

}  // namespace bertune::text
