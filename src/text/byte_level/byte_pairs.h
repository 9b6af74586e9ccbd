// Byte pair encoding (Sennrich et al. 2016): neighboring symbols of a word are merged, the pair that was
// learned first going first, until no neighbors are a pair.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/vocabulary.h"

namespace bertune::text {

// Two tokens that become one; the rank of a merge is its place in a list of them.
using Merge = std::pair<std::string, std::string>;

struct Symbol {
  std::int32_t id;
  std::uint32_t length;  // of what it stands for, in any unit: merging adds them up
};

// Memory of merging, kept from word to word.
struct MergeScratch {
  struct Node {
    std::int32_t id;
    std::uint32_t length;  // 0: merged into the one before
    std::uint32_t previous, next;
  };
  struct Candidate {
    std::uint32_t rank, place;
    std::int32_t id;
  };
  std::vector<Node> nodes;
  std::vector<Candidate> heap;
};

class BytePairs {
 public:
  // Throws Error naming `where` for a merge whose parts or whole the vocabulary lacks. Of equal merges the
  // last one counts, as in the reference.
  BytePairs(const std::vector<Merge>& merges, const Vocabulary& vocabulary, const std::string& where);

  // Merges the symbols of a word in place. Their lengths are not 0.
  void merge(std::vector<Symbol>& symbols, MergeScratch& scratch) const;

 private:
  static constexpr std::uint32_t kNoRank = UINT32_MAX;
  static constexpr std::size_t kFew = 32;  // symbols up to which searching all pairs beats a heap

  struct Slot {
    std::uint64_t pair = 0;
    std::uint32_t rank = kNoRank;  // kNoRank: empty
    std::int32_t id = -1;
  };
  static std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t first_slot(std::uint64_t pair) const { return (pair * 0x9E3779B97F4A7C15ULL) >> shift_; }
  // The merge of two tokens, or an empty slot.
  const Slot& find(std::int32_t left, std::int32_t right) const {
    const std::uint64_t pair = pair_of(left, right);
    std::size_t slot = first_slot(pair);
    while (slots_[slot].rank != kNoRank && slots_[slot].pair != pair) slot = (slot + 1) & mask_;
    return slots_[slot];
  }
  void merge_few(std::vector<Symbol>& symbols) const;
  void merge_many(std::vector<Symbol>& symbols, MergeScratch& scratch) const;

  std::vector<Slot> slots_;  // open addressing, a power of two, at most half of them taken
  std::size_t mask_ = 0;
  int shift_ = 0;
};

}  // namespace bertune::text
