#include "train/packed_ranges.h"

#include <algorithm>

namespace bertune::train {
namespace {

constexpr std::size_t kShort = 1 << 14;  // numbers

}  // namespace

PackedRanges::PackedRanges(std::span<float> buffer, const std::vector<std::vector<Parameters::Range>>& ranges)
    : buffer_(buffer) {
  std::size_t size = 0;
  for (const std::vector<Parameters::Range>& of_rank : ranges)
    for (const Parameters::Range& range : of_rank) size += range.size < kShort ? range.size : 0;
  copies_.resize(size);
  std::size_t begin = 0, end = 0;  // of the copies that are not among the numbers yet
  const auto add_copies = [&] {
    numbers_.add(std::span(copies_).subspan(begin, end - begin));
    begin = end;
  };
  for (const std::vector<Parameters::Range>& of_rank : ranges) {
    for (const Parameters::Range& range : of_rank) {
      const std::span<float> place = buffer.subspan(range.offset, range.size);
      if (range.size < kShort) {
        std::ranges::copy(place, copies_.begin() + static_cast<std::ptrdiff_t>(end));
        copied_.push_back({range, end});
        end += range.size;
      } else {
        add_copies();
        numbers_.add(place);
      }
    }
    add_copies();
    numbers_.end_piece();
  }
}

void PackedRanges::copy_back() {
  for (const auto& [range, place] : copied_) {
    std::ranges::copy(std::span(copies_).subspan(place, range.size),
                      buffer_.begin() + static_cast<std::ptrdiff_t>(range.offset));
  }
}

}  // namespace bertune::train
