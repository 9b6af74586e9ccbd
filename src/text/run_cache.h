// The tokens of runs of text seen lately, by one thread. Exact, because the whole run is the key.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/aligned_buffer.h"
#include "core/hash.h"

namespace bertune::text {

// The key of a run: up to 16 bytes, padded with zeros; a run does not begin with a zero byte.
struct RunKey {
  std::uint64_t low = 0, high = 0;
  // The comparison has no branch: which of two entries a run has cannot be predicted.
  bool operator==(const RunKey& other) const { return ((low ^ other.low) | (high ^ other.high)) == 0; }
};

// Nearly all runs are short words of one to three tokens: they have entries of half a cache line in a table,
// two to a place. The others are records in a pool, which starts over when it is full.
class RunCache {
 public:
  static constexpr std::size_t kShort = 16;    // bytes of the longest run that has a RunKey
  static constexpr std::size_t kFew = 3;       // tokens of a run that may have an entry
  static constexpr std::size_t kLongest = 64;  // of a run that is kept at all: longer ones hardly return

  static constexpr std::size_t kSpare = 3;

  struct Entry {
    RunKey key;  // zeros: empty
    std::array<std::int32_t, kFew> ids;
    std::uint32_t count;
  };
  static_assert(sizeof(Entry) == 32);

  RunCache() : buckets_(std::size_t{1} << kBucketBits) {}

  // The two entries of which one may be the run's; to be fetched ahead of entry().
  using Bucket = std::array<Entry, 2>;  // a cache line
  const Bucket& bucket(const RunKey& key) const { return buckets_.data()[bucket_index(key)]; }
  // The entry of the run, if its key is that; else any other.
  static const Entry& entry(const Bucket& bucket, const RunKey& key) {
    return bucket[static_cast<std::size_t>(!(bucket[0].key == key))];
  }
  // Adds a run that has no entry. Of the two that share its place the older one goes.
  void add_entry(const RunKey& key, std::span<const std::int32_t> ids) {
    Bucket& place = buckets_.data()[bucket_index(key)];
    place[1] = place[0];
    place[0].key = key;
    place[0].count = static_cast<std::uint32_t>(ids.size());
    std::copy(ids.begin(), ids.end(), place[0].ids.begin());
  }

  // The tokens of a run among the others, which is not empty and has at most kLongest bytes; none: unknown.
  // kSpare more can be read.
  std::span<const std::int32_t> find(std::string_view run) const {
    if (slots_.empty()) return {};
    const std::uint64_t hash = quick_hash(run);
    for (std::size_t slot = first_slot(hash); slots_[slot].record != 0; slot = (slot + 1) & kSlotMask) {
      if (slots_[slot].tag != static_cast<std::uint32_t>(hash)) continue;
      const std::int32_t* record = pool_.data() + slots_[slot].record;
      if (static_cast<std::size_t>(record[0]) == run.size() && equal(run, record + 2)) {
        return {record + 2 + words_of(run.size()), static_cast<std::size_t>(record[1])};
      }
    }
    return {};
  }

  // Adds a run that find() does not know.
  void insert(std::string_view run, std::span<const std::int32_t> ids) {
    if (slots_.empty() || records_ == kMostRecords || pool_.size() > kMostWords) {
      slots_.assign(kSlotMask + 1, {});
      pool_.assign(1, 0);  // a record at 0 would look like none
      records_ = 0;
    }
    const std::uint64_t hash = quick_hash(run);
    std::size_t slot = first_slot(hash);
    while (slots_[slot].record != 0) slot = (slot + 1) & kSlotMask;
    slots_[slot] = {static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(pool_.size())};
    ++records_;
    const std::size_t bytes = pool_.size() + 2;
    pool_.resize(bytes + words_of(run.size()));
    pool_[bytes - 2] = static_cast<std::int32_t>(run.size());
    pool_[bytes - 1] = static_cast<std::int32_t>(ids.size());
    std::memcpy(pool_.data() + bytes, run.data(), run.size());
    pool_.insert(pool_.end(), ids.begin(), ids.end());
    pool_.resize(pool_.size() + kSpare);
  }

 private:
  struct Slot {
    std::uint32_t tag = 0, record = 0;  // record: its place in the pool; 0: none
  };
  static constexpr int kBucketBits = 15;  // two megabytes: one huge page
  static constexpr std::size_t kSlotMask = (std::size_t{1} << 15) - 1, kMostRecords = (kSlotMask + 1) / 2,
                               kMostWords = std::size_t{1} << 18;

  static std::size_t bucket_index(const RunKey& key) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{key.low ^ 0x9E3779B97F4A7C15ULL} * (key.high ^ 0xD6E8FEB86659FD93ULL);
    const auto hash = static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
    return hash >> (64 - kBucketBits);
  }
  static std::size_t words_of(std::size_t bytes) { return (bytes + 3) / 4; }
  static bool equal(std::string_view run, const std::int32_t* kept) {
    std::uint64_t difference = 0;
    for_each_eight(run.size(), [&](std::size_t place, std::size_t bytes) {
      std::uint64_t left = 0, right = 0;
      std::memcpy(&left, run.data() + place, bytes);
      std::memcpy(&right, reinterpret_cast<const char*>(kept) + place, bytes);
      difference |= left ^ right;
    });
    return difference == 0;
  }
  static std::size_t first_slot(std::uint64_t hash) { return (hash >> 32) & kSlotMask; }

  AlignedBuffer<Bucket> buckets_;
  std::vector<Slot> slots_;         // open addressing, at most half of them taken
  std::vector<std::int32_t> pool_;  // of a record: bytes, tokens, the run padded to whole words, the ids
  std::size_t records_ = 0;
};

// A number for a tokenizer, by which its cache is found.
inline std::uint32_t next_cache_owner() {
  static std::atomic<std::uint32_t> last{0};
  return ++last;
}

// The caches of the tokenizers that a thread has used lately.
class RunCaches {
 public:
  RunCache& of(std::uint32_t owner) {
    for (Slot& slot : slots_) {
      if (slot.owner == owner) return *slot.cache;
    }
    Slot& slot = slots_[next_++ % slots_.size()];
    slot = {owner, std::make_unique<RunCache>()};
    return *slot.cache;
  }

 private:
  struct Slot {
    std::uint32_t owner = 0;  // no tokenizer has 0
    std::unique_ptr<RunCache> cache;
  };
  std::array<Slot, 4> slots_;
  std::size_t next_ = 0;
};

}  // namespace bertune::text
