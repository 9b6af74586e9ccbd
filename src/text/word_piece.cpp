#include "text/word_piece.h"

#include <algorithm>
#include <array>

namespace bertune::text {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

}  // namespace

WordPiece::Match WordPiece::longest_match(std::string_view word, std::size_t begin) const {
  const PieceTable& table = begin == 0 ? vocabulary_->initial() : vocabulary_->continuing();
  const std::string_view rest = word.substr(begin, table.longest());
  // Hashes of all beginnings of `rest`, a block at a time: pieces are short, so one block nearly always does.
  constexpr std::size_t kBlock = 64;
  std::array<std::uint64_t, kBlock> hashes;
  Match match;
  std::uint64_t hash = kHashStart;
  for (std::size_t block = 0; block < rest.size(); block += kBlock) {
    const std::size_t count = std::min(kBlock, rest.size() - block);
    for (std::size_t i = 0; i < count; ++i) hashes[i] = hash = hash_continue(hash, rest[block + i]);
    for (std::size_t i = count; i > 0; --i) {
      const std::size_t end = block + i;
      if (begin + end < word.size() && continues_character(word[begin + end])) continue;
      const std::int32_t id = table.find(rest.substr(0, end), hashes[i - 1]);
      if (id < 0) continue;
      match = {id, begin + end};
      break;
    }
  }
  return match;
}

void WordPiece::tokenize(std::string_view word, std::vector<Piece>& pieces) const {
  pieces.clear();
  const auto unknown = [&] { pieces.assign(1, {unk_id_, 0, static_cast<std::uint32_t>(word.size())}); };
  if (word.size() > max_characters_ && count_characters(word) > max_characters_) return unknown();
  for (std::size_t begin = 0; begin < word.size();) {
    const Match match = longest_match(word, begin);
    if (match.id < 0) return unknown();
    pieces.push_back({match.id, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(match.end)});
    begin = match.end;
  }
}

}  // namespace bertune::text
