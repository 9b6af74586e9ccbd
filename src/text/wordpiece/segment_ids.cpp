// The way of SegmentEncoder that gives ids alone: blocks of bytes are cut into runs, and these are looked up.
#include <algorithm>
#include <span>

#include "text/run_lookup.h"
#include "text/wordpiece/segment_encoder.h"

namespace bertune::text {
void SegmentEncoder::encode_ids(std::string_view segment, EncodeScratch& scratch, TokenSink& sink) const {
  RunCache& cache = scratch.caches.of(owner_);
  for (std::size_t position = 0; position < segment.size();) {
    const ScanBlock block(segment, position);
    if (block.has_controls() || block.size() == 0) {
      position = encode_run_by_run(segment, position, position + ScanBlock::kSize, cache, scratch, sink);
      continue;
    }
    look_up_runs(block, options_.lowercase, cache, *sink.tokens, [&](std::size_t begin, std::size_t length) {
      encode_new_run(segment.substr(position + begin, length), cache, scratch, sink);
    });
    position += block.size();
  }
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

// Encodes the runs that begin in [begin, end). Returns where to continue.
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
    return append_record(ids, out);
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
