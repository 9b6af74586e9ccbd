// The runs of a block of text, looked up in a cache all together.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "text/run_cache.h"
#include "text/run_scan.h"
#include "text/token_buffer.h"

namespace bertune::text {

// Appends the ids of all runs of a block (ScanBlock, WordBlock). Of one that has no entry,
// encode_new_run(begin, length) appends them.
//
// First all runs are found and their entries fetched, then these are used: the processor waits neither for
// memory to guess where the next run begins, nor for one entry before it asks for the next.
template <typename Block, typename EncodeNewRun>
void look_up_runs(const Block& block, bool lowercase, RunCache& cache, TokenBuffer& out,
                  const EncodeNewRun& encode_new_run) {
  struct Item {
    RunKey key;
    const RunCache::Bucket* bucket;
    std::uint32_t begin, length;
  };
  // The room that must be free before a block is encoded: each of its items adds at most three tokens, or
  // makes room itself; copying whole entries spills over by one.
  constexpr std::size_t kRoom = RunCache::kFew * Block::kSize + 1;
  std::array<Item, Block::kSize> items;
  Item* last = items.data();
  for (std::uint64_t begins = block.begins(); begins != 0; begins &= begins - 1) {
    const auto begin = static_cast<std::size_t>(std::countr_zero(begins));
    const std::size_t length = block.length(begin);
    const RunKey key = run_key(block.bytes() + begin, std::min(length, RunCache::kShort), lowercase);
    const RunCache::Bucket& bucket = cache.bucket(key);
    __builtin_prefetch(&bucket);
    *last++ = {key, &bucket, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(length)};
  }
  out.reserve_more(kRoom);
  std::int32_t* next = out.ids() + out.size();
  for (const Item* item = items.data(); item != last; ++item) {
    const RunCache::Entry& entry = RunCache::entry(*item->bucket, item->key);
    if (!(entry.key == item->key) || item->length > RunCache::kShort) [[unlikely]] {
      out.set_size(static_cast<std::size_t>(next - out.ids()));
      encode_new_run(item->begin, item->length);
      out.reserve_more(kRoom);
      next = out.ids() + out.size();
      continue;
    }
    // All ids that there might be, and what lies behind them in the entry: cheaper than a loop, and the next
    // tokens are written over what is none.
    std::memcpy(next, reinterpret_cast<const char*>(&entry) + sizeof entry.key, 4 * sizeof *next);
    next += entry.count;
  }
  out.set_size(static_cast<std::size_t>(next - out.ids()));
}

// Appends the ids of a record of a cache, four at a time and perhaps more than there are: cheaper than a copy
// of just so many.
inline void append_record(std::span<const std::int32_t> ids, TokenBuffer& out) {
  out.reserve_more(ids.size() + RunCache::kSpare);
  std::int32_t* next = out.ids() + out.size();
  for (std::size_t i = 0; i < ids.size(); i += 4) std::memcpy(next + i, ids.data() + i, 4 * sizeof *next);
  out.set_size(out.size() + ids.size());
}

}  // namespace bertune::text
