// The pieces of words seen lately. One a thread; exact, because the whole word is the key.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "text/word_piece.h"

namespace bertune::text {

// Up to 16 bytes of a word, padded with zeros: no word that is cached holds a zero byte.
struct WordKey {
  std::uint64_t low = 0, high = 0;
  bool operator==(const WordKey&) const = default;
};

class WordCache {
 public:
  static constexpr std::size_t kLongestWord = 16, kMostPieces = 8;

  struct alignas(64) Entry {
    WordKey key;
    std::uint32_t owner = 0;  // the tokenizer that put it there; 0 is none
    std::uint32_t count = 0;
    std::array<std::int32_t, kMostPieces> ids;
    std::array<std::uint8_t, kMostPieces> lengths;  // of the pieces, in bytes
  };

  WordCache() : entries_(std::make_unique<Entry[]>(kEntries)) {}

  // The place where the word is, if it is cached.
  Entry& entry(const WordKey& key) {
    const std::uint64_t mixed = (key.low ^ (key.high * 0x9E3779B97F4A7C15ULL)) * 0xD6E8FEB86659FD93ULL;
    return entries_[(mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93ULL >> (64 - kEntryBits)];
  }
  static bool holds(const Entry& entry, const WordKey& key, std::uint32_t owner) {
    return entry.key == key && entry.owner == owner;
  }

  // False when the pieces are too many for an entry.
  static bool fill(Entry& entry, const WordKey& key, std::uint32_t owner, const std::vector<Piece>& pieces) {
    if (pieces.size() > kMostPieces) return false;
    entry.key = key;
    entry.owner = owner;
    entry.count = static_cast<std::uint32_t>(pieces.size());
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      entry.ids[i] = pieces[i].id;
      entry.lengths[i] = static_cast<std::uint8_t>(pieces[i].end - pieces[i].begin);
    }
    return true;
  }

 private:
  static constexpr int kEntryBits = 13;  // half a megabyte: what a core's second-level cache has room for
  static constexpr std::size_t kEntries = std::size_t{1} << kEntryBits;
  std::unique_ptr<Entry[]> entries_;
};

inline WordKey word_key(std::string_view word) {  // at most kLongestWord bytes
  std::array<char, WordCache::kLongestWord> bytes{};
  std::memcpy(bytes.data(), word.data(), word.size());
  WordKey key;
  std::memcpy(&key, bytes.data(), sizeof key);
  return key;
}

}  // namespace bertune::text
