// The way of SegmentEncoder that gives ids alone: blocks of bytes are cut into runs, and these are looked up.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "text/segment_encoder.h"

namespace bertune::text {
namespace {

// A run of a block, or a mark of punctuation, and where its tokens are if they are known.
struct Item {
  RunKey key;
  const RunCache::Bucket* bucket;
  std::uint32_t begin, length;
};

// What must be free before a block is encoded: each of its items adds at most three tokens, or makes room
// itself; copying whole entries spills over by one.
constexpr std::size_t kRoom = RunCache::kFew * ScanBlock::kSize + 1;

}  // namespace

void SegmentEncoder::encode_ids(std::string_view segment, EncodeScratch& scratch, TokenSink& sink) const {
  RunCache& cache = scratch.caches.of(owner_);
  for (std::size_t position = 0; position < segment.size();) {
    const ScanBlock block(segment, position);
    if (block.has_controls() || block.size() == 0) {
      position = encode_run_by_run(segment, position, position + ScanBlock::kSize, cache, scratch, sink);
      continue;
    }
    sink.tokens->reserve_more(kRoom);
    encode_block(block, segment.substr(position), cache, scratch, sink);
    position += block.size();
  }
}

// First all runs are found and their entries fetched, then these are used: the processor waits neither for
// memory to guess where the next run begins, nor for one entry before it asks for the next.
void SegmentEncoder::encode_block(const ScanBlock& block, std::string_view rest, RunCache& cache,
                                  EncodeScratch& scratch, TokenSink& sink) const {
  std::array<Item, ScanBlock::kSize> items;
  Item* last = items.data();
  for (std::uint64_t begins = block.begins(); begins != 0; begins &= begins - 1) {
    const auto begin = static_cast<std::size_t>(std::countr_zero(begins));
    const std::size_t length = block.length(begin);
    const RunKey key = run_key(block.bytes() + begin, std::min(length, RunCache::kShort), options_.lowercase);
    const RunCache::Bucket& bucket = cache.bucket(key);
    __builtin_prefetch(&bucket);
    *last++ = {key, &bucket, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(length)};
  }
  TokenBuffer& out = *sink.tokens;
  std::int32_t* next = out.ids() + out.size();
  for (const Item* item = items.data(); item != last; ++item) {
    const RunCache::Entry& entry = RunCache::entry(*item->bucket, item->key);
    if (!(entry.key == item->key) || item->length > RunCache::kShort) [[unlikely]] {
      out.set_size(static_cast<std::size_t>(next - out.ids()));
      encode_new_run(rest.substr(item->begin, item->length), cache, scratch, sink);
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

// The tokens of one run, or mark of punctuation.
void SegmentEncoder::append_ids(std::string_view run, RunCache& cache, EncodeScratch& scratch,
                                TokenSink& sink) const {
  if (run.size() <= RunCache::kShort) {
    const RunKey key = run_key(run, options_.lowercase);
    const RunCache::Entry& entry = RunCache::entry(cache.bucket(key), key);
    if (entry.key == key) return sink.tokens->append(std::span(entry.ids).first(entry.count));
  }
  encode_new_run(run, cache, scratch, sink);
}

// What begins in [begin, end). Returns where to go on.
std::size_t SegmentEncoder::encode_run_by_run(std::string_view segment, std::size_t begin, std::size_t end,
                                              RunCache& cache, EncodeScratch& scratch,
                                              TokenSink& sink) const {
  while (begin < std::min(end, segment.size())) {
    const AsciiClass kind = class_at(segment, begin);
    const std::size_t behind = kind == kSpace || kind == kPunct ? begin + 1 : run_end(segment, begin);
    if (kind != kSpace) append_ids(segment.substr(begin, behind - begin), cache, scratch, sink);
    begin = behind;
  }
  return begin;
}

// The same of one that has no entry.
void SegmentEncoder::encode_new_run(std::string_view run, RunCache& cache, EncodeScratch& scratch,
                                    TokenSink& sink) const {
  TokenBuffer& out = *sink.tokens;
  const bool keep = run.size() <= RunCache::kLongest;
  if (const auto ids = keep ? cache.find(run) : std::span<const std::int32_t>(); !ids.empty()) {
    // Four at a time and perhaps more than there are: cheaper than a copy of just so many.
    out.reserve_more(ids.size() + RunCache::kSpare);
    std::int32_t* next = out.ids() + out.size();
    for (std::size_t i = 0; i < ids.size(); i += 4) std::memcpy(next + i, ids.data() + i, 4 * sizeof *next);
    return out.set_size(out.size() + ids.size());
  }
  const std::size_t first = out.size();
  if (classes_[static_cast<unsigned char>(run[0])] == kPunct) {
    out.push(punctuation_ids_[static_cast<unsigned char>(run[0])], {}, 0);
  } else if (is_ascii_word(run)) {
    tokenize_ascii_word(run, scratch, out);
  } else {
    encode_general_run(run, 0, scratch, sink);
  }
  const std::span<const std::int32_t> ids(out.ids() + first, out.size() - first);
  if (run.size() <= RunCache::kShort && ids.size() <= RunCache::kFew) {
    cache.add_entry(run_key(run, options_.lowercase), ids);
  } else if (keep && !ids.empty()) {
    cache.insert(run, ids);
  }
}

}  // namespace bertune::text
