// WordCounts counts how often each word occurs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::text {

// A hash table by open addressing; the words lie end to end in one string.
class WordCounts {
 public:
  // Words are shorter than 4 GiB. Throws Error beyond 2^32 - 1 different ones.
  void add(std::string_view word, std::uint64_t count = 1);
  void add(const WordCounts& others);

  std::size_t size() const { return entries_.size(); }  // different words
  std::string_view word(std::size_t i) const {
    return std::string_view(bytes_).substr(entries_[i].begin, entries_[i].size);
  }
  std::uint64_t count(std::size_t i) const { return entries_[i].count; }

 private:
  struct Entry {
    std::uint64_t hash, begin, count;
    std::uint32_t size;
  };
  static constexpr std::uint32_t kFree = ~std::uint32_t{0};

  std::uint32_t& slot_of(std::string_view word, std::uint64_t hash);
  void grow();

  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // a power of two, at most half of them taken
};

}  // namespace bertune::text
