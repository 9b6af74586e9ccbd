#include "text/wordpiece/word_piece.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/utf8.h"

namespace bertune::text {
namespace {

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

}  // namespace

WordPiece::Match WordPiece::longest_match(std::string_view word, std::size_t begin) const {
  const PieceTable& table = begin == 0 ? vocabulary_->initial() : vocabulary_->continuing();
  const std::string_view rest = word.substr(begin, table.longest());
  const auto find = [&](std::size_t size, std::uint64_t hash) {
    const std::size_t end = begin + size;
    if (end < word.size() && continues_character(word[end])) return -1;
    return table.find(rest.substr(0, size), hash);
  };
  std::uint64_t lengths = table.lengths(rest);
  constexpr std::size_t kLong = 63;
  if (rest.size() >= kLong && (lengths >> kLong) != 0) {
    for (std::size_t size = rest.size(); size >= kLong; --size) {
      const std::int32_t id = find(size, hash_bytes(rest.substr(0, size)));
      if (id >= 0) return {id, begin + size};
    }
    lengths &= ~(1ULL << kLong);
  }
  if (lengths == 0) return {};
  const auto longest = static_cast<std::size_t>(std::bit_width(lengths)) - 1;
  std::array<std::uint64_t, kLong + 1> hashes;  // of the beginnings of `rest` by their lengths
  hashes[0] = kHashStart;
  for (std::size_t i = 0; i < longest; ++i) hashes[i + 1] = hash_continue(hashes[i], rest[i]);
  for (; lengths != 0; lengths ^= std::bit_floor(lengths)) {
    const auto size = static_cast<std::size_t>(std::bit_width(lengths)) - 1;
    const std::int32_t id = find(size, hashes[size]);
    if (id >= 0) return {id, begin + size};
  }
  return {};
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
