// The pieces of a WordPiece vocabulary, found by content or by id.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bertune::text {

// FNV-1a, because it can be continued byte by byte.
constexpr std::uint64_t kHashStart = 0xCBF29CE484222325ULL;
constexpr std::uint64_t hash_continue(std::uint64_t hash, char byte) {
  return (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3ULL;
}
constexpr std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t hash = kHashStart;
  for (const char byte : bytes) hash = hash_continue(hash, byte);
  return hash;
}

// Finds tokens by their content behind the first `skip` bytes. Open addressing; the contents stay in the
// vocabulary.
class PieceTable {
 public:
  PieceTable(const std::vector<std::string>& tokens, std::size_t skip, std::size_t capacity);

  // The id of an equal piece that was there before, or -1.
  std::int32_t insert(std::int32_t id);
  // The id, or -1. `hash` is hash_bytes(piece).
  std::int32_t find(std::string_view piece, std::uint64_t hash) const {
    for (std::size_t slot = first_slot(hash);; slot = (slot + 1) & mask_) {
      const Slot& entry = slots_[slot];
      if (entry.id < 0) return -1;
      if (entry.tag == static_cast<std::uint32_t>(hash) && content(entry.id) == piece) return entry.id;
    }
  }
  // The lengths in bytes that pieces at the beginning of `text` can have: bit n stands for n bytes, the
  // highest for all from 63 on. Few are set that no piece has.
  std::uint64_t lengths(std::string_view text) const {
    constexpr std::uint64_t kShorterThanPrefix = 0b110;
    if (text.size() < kPrefix) return kShorterThanPrefix & ((2ULL << text.size()) - 1);
    const std::uint64_t fits = text.size() >= 63 ? ~0ULL : (2ULL << text.size()) - 1;
    return (lengths_[prefix_slot(text)] | kShorterThanPrefix) & fits;
  }
  // Returns what is left of a token behind the first `skip` bytes.
  std::string_view content(std::int32_t id) const {
    return std::string_view((*tokens_)[static_cast<std::size_t>(id)]).substr(skip_);
  }
  std::size_t longest() const { return longest_; }  // in bytes

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::int32_t id = -1;
  };
  static constexpr std::size_t kPrefix = 3;  // bytes that the set of lengths is looked up by

  std::size_t first_slot(std::uint64_t hash) const { return (hash * 0x9E3779B97F4A7C15ULL >> 32) & mask_; }
  std::size_t prefix_slot(std::string_view text) const {
    std::uint32_t prefix = 0;
    std::memcpy(&prefix, text.data(), kPrefix);
    return (prefix * 0x9E3779B1U >> 8) & (lengths_.size() - 1);
  }

  const std::vector<std::string>* tokens_;
  std::size_t skip_;
  std::vector<Slot> slots_;             // a power of two, at most half of them taken
  std::vector<std::uint64_t> lengths_;  // a power of two
  std::size_t mask_ = 0, longest_ = 0;
};

// A token and its id as a file gives them, not yet trusted.
using TokenEntry = std::pair<std::string, std::int64_t>;

class Vocabulary {
 public:
  // Throws Error naming `where` for a duplicate token, a duplicate or negative id, or one beyond all reason.
  // Ids that no token has (holes) are allowed.
  Vocabulary(std::vector<TokenEntry> entries, std::string_view continuing_subword_prefix,
             const std::string& where);
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  // The table of whole tokens, and that of tokens with the prefix, found by what follows it.
  const PieceTable& initial() const { return initial_; }
  const PieceTable& continuing() const { return continuing_; }

  std::int32_t find(std::string_view token) const { return initial_.find(token, hash_bytes(token)); }
  // The ids of the tokens that are one character of the basic plane, by character; -1: no token.
  std::vector<std::int32_t> single_characters() const;
  // Ids run below this; those of holes have empty tokens.
  std::int32_t id_limit() const { return static_cast<std::int32_t>(tokens_.size()); }
  bool contains(std::int32_t id) const {
    return id >= 0 && id < id_limit() && is_token_[static_cast<std::size_t>(id)];
  }
  std::size_t size() const { return size_; }  // tokens, holes not counted
  const std::string& token(std::int32_t id) const { return tokens_[static_cast<std::size_t>(id)]; }

 private:
  std::vector<bool> is_token_;  // before tokens_, whose initializer fills it
  std::vector<std::string> tokens_;
  std::size_t size_ = 0;
  PieceTable initial_, continuing_;
};

}  // namespace bertune::text
