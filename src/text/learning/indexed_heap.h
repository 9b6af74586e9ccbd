// A priority queue of small numbers whose order changes while they are in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bertune::text {

// `Better` says of two numbers which comes first; it must be a strict order without ties.
template <typename Better>
class IndexedHeap {
 public:
  explicit IndexedHeap(Better better) : better_(better) {}

  bool empty() const { return heap_.empty(); }
  std::uint32_t top() const { return heap_.front(); }

  // Takes the number in, or moves it to where it belongs now that the order has changed for it alone.
  void update(std::uint32_t number) {
    if (number >= places_.size()) places_.resize(std::size_t{number} + 1, kAbsent);
    if (places_[number] == kAbsent) {
      places_[number] = static_cast<std::uint32_t>(heap_.size());
      heap_.push_back(number);
    }
    down(up(places_[number]));
  }
  // Does nothing when the number is not there.
  void remove(std::uint32_t number) {
    if (number >= places_.size() || places_[number] == kAbsent) return;
    const std::uint32_t place = places_[number], last = heap_.back();
    heap_.pop_back();
    places_[number] = kAbsent;
    if (last == number) return;
    put(place, last);
    down(up(place));
  }

 private:
  static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};

  void put(std::size_t place, std::uint32_t number) {
    heap_[place] = number;
    places_[number] = static_cast<std::uint32_t>(place);
  }
  std::size_t up(std::size_t place) {
    const std::uint32_t number = heap_[place];
    for (; place > 0 && better_(number, heap_[(place - 1) / 2]); place = (place - 1) / 2) {
      put(place, heap_[(place - 1) / 2]);
    }
    put(place, number);
    return place;
  }
  void down(std::size_t place) {
    const std::uint32_t number = heap_[place];
    for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
      if (child + 1 < heap_.size() && better_(heap_[child + 1], heap_[child])) ++child;
      if (!better_(heap_[child], number)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, number);
  }

  Better better_;
  std::vector<std::uint32_t> heap_;    // no number comes before that at half its place
  std::vector<std::uint32_t> places_;  // by number
};

}  // namespace bertune::text
