#include "data/files/storage.h"

#include <algorithm>
#include <cstring>

namespace bertune::data {

char* Arena::allocate(std::size_t size) {
  // Each twice as large as the one before: those of large files are large blocks (core/large_blocks.h).
  constexpr std::size_t kFirst = std::size_t{1} << 20, kLargest = std::size_t{128} << 20;
  if (chunks_.empty() || capacity_ - used_ < size) {
    const std::size_t bytes = std::max(size, std::clamp(2 * capacity_, kFirst, kLargest));
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    if (chunks_.size() == 1) first_capacity_ = bytes;
    used_ = 0;
    capacity_ = bytes;
  }
  char* memory = chunks_.back().get() + used_;
  used_ += size;
  return memory;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* memory = allocate(text.size());
  std::memcpy(memory, text.data(), text.size());
  return {memory, text.size()};
}

void Arena::clear() {
  if (chunks_.size() > 1) chunks_.resize(1);
  used_ = 0;
  capacity_ = first_capacity_;
}

}  // namespace bertune::data
