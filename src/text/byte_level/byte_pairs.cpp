#include "text/byte_level/byte_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "bertune/error.h"

namespace bertune::text {
namespace {

std::int32_t require(const Vocabulary& vocabulary, const std::string& token, const Merge& merge,
                     std::size_t number, const std::string& where) {
  const std::int32_t id = vocabulary.find(token);
  if (id >= 0) return id;
  throw Error(
      fmt::format("{}: merge {} (\"{}\" and \"{}\") needs the token \"{}\", which the vocabulary lacks; the "
                  "files do not belong together or are damaged",
                  where, number, merge.first, merge.second, token));
}

// The top of the heap is what is merged next: the lowest rank, and of equal ones the leftmost.
bool goes_later(const MergeScratch::Candidate& a, const MergeScratch::Candidate& b) {
  return a.rank != b.rank ? a.rank > b.rank : a.place > b.place;
}

}  // namespace

BytePairs::BytePairs(const std::vector<Merge>& merges, const Vocabulary& vocabulary, const std::string& where)
    : slots_(std::bit_ceil(2 * merges.size() + 2)),
      mask_(slots_.size() - 1),
      shift_(64 - std::countr_zero(slots_.size())) {
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const Merge& merge = merges[rank];
    const auto id_of = [&](const std::string& token) {
      return require(vocabulary, token, merge, rank + 1, where);
    };
    const std::uint64_t pair = pair_of(id_of(merge.first), id_of(merge.second));
    const std::int32_t id = id_of(merge.first + merge.second);
    std::size_t slot = first_slot(pair);
    while (slots_[slot].rank != kNoRank && slots_[slot].pair != pair) slot = (slot + 1) & mask_;
    slots_[slot] = {pair, static_cast<std::uint32_t>(rank), id};
  }
}

void BytePairs::merge(std::vector<Symbol>& symbols, MergeScratch& scratch) const {
  if (symbols.size() <= kFew) {
    merge_few(symbols);
  } else {
    merge_many(symbols, scratch);
  }
}

void BytePairs::merge_few(std::vector<Symbol>& symbols) const {
  struct Candidate {
    std::uint32_t rank;
    std::int32_t id;
  };
  std::array<Candidate, kFew> pairs{};  // of each symbol with the next
  std::size_t size = symbols.size();
  const auto look_up = [&](std::size_t i) {
    const Slot& found = find(symbols[i].id, symbols[i + 1].id);
    pairs[i] = {found.rank, found.id};
  };
  for (std::size_t i = 0; i + 1 < size; ++i) look_up(i);
  while (size > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < size; ++i) best = pairs[i].rank < pairs[best].rank ? i : best;
    if (pairs[best].rank == kNoRank) break;
    symbols[best] = {pairs[best].id, symbols[best].length + symbols[best + 1].length};
    for (std::size_t i = best + 1; i + 1 < size; ++i) {
      symbols[i] = symbols[i + 1];
      pairs[i] = pairs[i + 1];
    }
    --size;
    if (best > 0) look_up(best - 1);
    if (best + 1 < size) look_up(best);
  }
  symbols.resize(size);
}

void BytePairs::merge_many(std::vector<Symbol>& symbols, MergeScratch& scratch) const {
  auto& nodes = scratch.nodes;
  auto& heap = scratch.heap;
  const auto size = static_cast<std::uint32_t>(symbols.size());
  nodes.resize(size);
  heap.clear();
  for (std::uint32_t i = 0; i < size; ++i) nodes[i] = {symbols[i].id, symbols[i].length, i - 1, i + 1};
  const auto candidate = [&](std::uint32_t left) {
    const Slot& found = find(nodes[left].id, nodes[nodes[left].next].id);
    return MergeScratch::Candidate{found.rank, left, found.id};
  };
  const auto offer = [&](std::uint32_t left) {
    const auto offered = candidate(left);
    if (offered.rank == kNoRank) return;
    heap.push_back(offered);
    std::push_heap(heap.begin(), heap.end(), goes_later);
  };
  for (std::uint32_t i = 0; i + 1 < size; ++i) {
    if (const auto offered = candidate(i); offered.rank != kNoRank) heap.push_back(offered);
  }
  std::make_heap(heap.begin(), heap.end(), goes_later);
  while (!heap.empty()) {
    const MergeScratch::Candidate top = heap.front();
    std::pop_heap(heap.begin(), heap.end(), goes_later);
    heap.pop_back();
    MergeScratch::Node& left = nodes[top.place];
    // One of the two may have been merged with another neighbour since.
    if (left.length == 0 || left.next == size || candidate(top.place).rank != top.rank) continue;
    MergeScratch::Node& right = nodes[left.next];
    left = {top.id, left.length + right.length, left.previous, right.next};
    right.length = 0;
    if (left.next != size) nodes[left.next].previous = top.place;
    if (top.place != 0) offer(left.previous);
    if (left.next != size) offer(top.place);
  }
  symbols.clear();
  for (const MergeScratch::Node& node : nodes) {
    if (node.length != 0) symbols.push_back({node.id, node.length});
  }
}

}  // namespace bertune::text
