#include "tasks/token_classification/word_windows.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace bertune::tasks {

std::vector<WordWindow> word_windows(std::span<const std::int64_t> begins, std::int64_t room) {
  const std::size_t words = begins.size() - 1;
  const auto pieces = [&](std::size_t first, std::size_t end) { return begins[end] - begins[first]; };
  std::vector<WordWindow> windows;
  for (std::size_t first = 0;;) {
    std::size_t end = std::min(first + 1, words);
    while (end < words && pieces(first, end + 1) <= room) ++end;
    // The last window reaches back as far as it may: more to see, at no cost.
    while (end == words && first > 0 && pieces(first - 1, end) <= room) --first;
    windows.push_back({first, end});
    if (end == words) return windows;
    const std::int64_t half = begins[first] + (room + 1) / 2;
    std::size_t next = first + 1;
    while (next < end && begins[next] < half) ++next;
    first = next;
  }
}

std::vector<std::size_t> best_windows(std::span<const std::int64_t> begins,
                                      std::span<const WordWindow> windows) {
  const std::size_t words = begins.size() - 1;
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  using Shown = std::pair<std::int64_t, std::int64_t>;  // the smaller side, the larger one
  std::vector<std::size_t> best(words, 0);
  std::vector<Shown> most(words, Shown(-1, -1));
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const auto [first, end] = windows[i];
    for (std::size_t word = first; word < end; ++word) {
      const std::int64_t left = first == 0 ? kAll : begins[word] - begins[first];
      const std::int64_t right = end == words ? kAll : begins[end] - begins[word + 1];
      const Shown shown = std::minmax({left, right});
      if (shown > most[word]) most[word] = shown, best[word] = i;
    }
  }
  return best;
}

}  // namespace bertune::tasks
