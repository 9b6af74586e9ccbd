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
      : vocabulary_(&vocabulary),
        unk_id_(unk_id),
        max_characters_(max_input_chars_per_word),
        single_characters_(vocabulary.single_characters()) {}

  // Replaces `pieces` with those of a word, which is valid UTF-8 and not empty.
  void tokenize(std::string_view word, std::vector<Piece>& pieces) const;
  // Returns how many bytes of a word the piece `id` stands for; it may not be [UNK].
  std::uint32_t piece_size(std::int32_t id, bool continuing) const {
    const PieceTable& table = continuing ? vocabulary_->continuing() : vocabulary_->initial();
    return static_cast<std::uint32_t>(table.content(id).size());
  }
  // The id of a word of one character of the basic plane, which is one piece.
  std::int32_t single(char16_t character) const {
    const std::int32_t id = max_characters_ == 0 ? -1 : single_characters_[character];
    return id < 0 ? unk_id_ : id;
  }

 private:
  struct Match {
    std::int32_t id = -1;
    std::size_t end = 0;
  };
  Match longest_match(std::string_view word, std::size_t begin) const;

  const Vocabulary* vocabulary_;
  std::int32_t unk_id_;
  std::size_t max_characters_;
  std::vector<std::int32_t> single_characters_;
};

}  // namespace bertune::text
