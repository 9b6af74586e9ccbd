// Numbers that lie in several places, in an order that all ranks share: the first piece of them is rank 0's,
// the next one rank 1's, and so on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace bertune::distributed {

class Numbers {
 public:
  // Adds a place to the piece of the rank at hand, which ends with end_piece(). All ranks add places of the
  // same sizes.
  void add(std::span<float> place) {
    if (place.empty()) return;
    places_.push_back({size(), place});
    size_ += place.size();
  }
  void end_piece() { ends_.push_back(size_); }

  std::size_t size() const { return size_; }
  std::size_t begin(int rank) const { return rank == 0 ? 0 : ends_[static_cast<std::size_t>(rank) - 1]; }
  std::size_t size(int rank) const { return ends_[static_cast<std::size_t>(rank)] - begin(rank); }

  // Calls use(part, first) for the parts of [begin, begin + size) that lie in one place: `first` is the
  // number of the part's first.
  template <typename Use>
  void for_each(std::size_t begin, std::size_t size, const Use& use) const {
    auto place = std::ranges::upper_bound(places_, begin, {}, &Place::first);
    for (const std::size_t end = begin + size; begin < end; ++place) {
      const Place& at = *(place - 1);
      const std::size_t skipped = begin - at.first;
      const std::size_t count = std::min(end - begin, at.memory.size() - skipped);
      use(at.memory.subspan(skipped, count), begin);
      begin += count;
    }
  }
  template <typename Use>
  void for_each(const Use& use) const {
    for (const Place& place : places_) use(place.memory, place.first);
  }

 private:
  struct Place {
    std::size_t first;
    std::span<float> memory;
  };
  std::vector<Place> places_;
  std::vector<std::size_t> ends_;  // of the pieces
  std::size_t size_ = 0;
};

}  // namespace bertune::distributed
