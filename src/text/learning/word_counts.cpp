#include "text/learning/word_counts.h"

#include <algorithm>

#include "bertune/error.h"
#include "core/hash.h"

namespace bertune::text {

// Returns the slot of the word, or the free slot where it belongs.
std::uint32_t& WordCounts::slot_of(std::string_view word, std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    const std::uint32_t i = slots_[slot];
    if (i == kFree || (entries_[i].hash == hash && this->word(i) == word)) return slots_[slot];
  }
}

void WordCounts::grow() {
  slots_.assign(std::max<std::size_t>(1024, 2 * slots_.size()), kFree);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t slot = entries_[i].hash & mask;
    while (slots_[slot] != kFree) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(i);
  }
}

void WordCounts::add(std::string_view word, std::uint64_t count) {
  if (2 * entries_.size() >= slots_.size()) grow();
  const std::uint64_t hash = quick_hash(word);
  std::uint32_t& slot = slot_of(word, hash);
  if (slot != kFree) {
    entries_[slot].count += count;
    return;
  }
  if (entries_.size() == kFree) throw Error("the texts have more different words than can be counted");
  slot = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({hash, bytes_.size(), count, static_cast<std::uint32_t>(word.size())});
  bytes_.append(word);
}

void WordCounts::add(const WordCounts& others) {
  for (std::size_t i = 0; i < others.size(); ++i) add(others.word(i), others.count(i));
}

}  // namespace bertune::text
