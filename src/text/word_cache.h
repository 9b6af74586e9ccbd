// The pieces of words seen lately, by one thread. Exact, because the whole word is the key.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "text/word_piece.h"

namespace bertune::text {

// Up to 16 bytes of a word, padded with zeros: no word that is cached is empty or holds a zero byte.
struct WordKey {
  std::uint64_t low = 0, high = 0;
  bool operator==(const WordKey&) const = default;
};

inline WordKey word_key(std::string_view word) {  // at most WordCache::kLongestWord bytes
  std::array<char, 16> bytes{};
  std::memcpy(bytes.data(), word.data(), word.size());
  WordKey key;
  std::memcpy(&key, bytes.data(), sizeof key);
  return key;
}

// The words of one tokenizer. Most words are one to three pieces and have small entries, two to a cache line;
// those of up to eight pieces have wide ones.
class WordCache {
 public:
  static constexpr std::size_t kLongestWord = 16, kMostPieces = 8;

  template <std::size_t kPieces>
  struct Entry {
    WordKey key;  // zeros: empty
    std::array<std::int32_t, kPieces> ids;
    std::uint8_t count;
    std::array<std::uint8_t, kPieces> ends;  // of the pieces, in bytes of the word

    void fill(const WordKey& word, const std::vector<Piece>& pieces) {
      key = word;
      count = static_cast<std::uint8_t>(pieces.size());
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        ids[i] = pieces[i].id;
        ends[i] = static_cast<std::uint8_t>(pieces[i].end);
      }
    }
  };
  using SmallEntry = Entry<3>;
  using WideEntry = Entry<kMostPieces>;
  static_assert(sizeof(SmallEntry) == 32 && sizeof(WideEntry) <= 64);

  WordCache()
      : small_(std::make_unique<SmallEntry[]>(std::size_t{1} << kSmallBits)),
        wide_(std::make_unique<WideEntry[]>(std::size_t{1} << kWideBits)) {}

  // Where the word is, if it is cached.
  SmallEntry& small(const WordKey& key) { return small_[hash(key) >> (64 - kSmallBits)]; }
  WideEntry& wide(const WordKey& key) { return wide_[hash(key) >> (64 - kWideBits)]; }

 private:
  static std::uint64_t hash(const WordKey& key) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{key.low ^ 0x9E3779B97F4A7C15ULL} * (key.high ^ 0xD6E8FEB86659FD93ULL);
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
  }

  static constexpr int kSmallBits = 15, kWideBits = 11;  // a megabyte: more is slower to reach
  std::unique_ptr<SmallEntry[]> small_;
  std::unique_ptr<WideEntry[]> wide_;
};

// The caches of the tokenizers that a thread has used lately.
class WordCaches {
 public:
  WordCache& of(std::uint32_t owner) {
    for (Slot& slot : slots_) {
      if (slot.owner == owner) return *slot.cache;
    }
    Slot& slot = slots_[next_++ % slots_.size()];
    slot = {owner, std::make_unique<WordCache>()};
    return *slot.cache;
  }

 private:
  struct Slot {
    std::uint32_t owner = 0;  // no tokenizer has 0
    std::unique_ptr<WordCache> cache;
  };
  std::array<Slot, 4> slots_;
  std::size_t next_ = 0;
};

}  // namespace bertune::text
