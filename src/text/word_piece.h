// WordPiece: a word becomes the longest piece of the vocabulary that it begins with, then the longest
// continuing one, and so on; [UNK] when that fails anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace bertune::text {

// Bytes [begin, end) of a word became `id`.
struct Piece {
  std::int32_t id;
  std::uint32_t begin, end;
};

class WordPiece {
 public:
  WordPiece(const Vocabulary& vocabulary, std::int32_t unk_id, std::size_t max_input_chars_per_word)
      : vocabulary_(&vocabulary), unk_id_(unk_id), max_characters_(max_input_chars_per_word) {}

  // Replaces `pieces` with those of a word, which is valid UTF-8 and not empty.
  void tokenize(std::string_view word, std::vector<Piece>& pieces) const;

 private:
  struct Match {
    std::int32_t id = -1;
    std::size_t end = 0;
  };
  Match longest_match(std::string_view word, std::size_t begin) const;

  const Vocabulary* vocabulary_;
  std::int32_t unk_id_;
  std::size_t max_characters_;
};

}  // namespace bertune::text
