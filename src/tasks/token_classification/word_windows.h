// Windows over a sentence that is longer than the model reads at once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bertune::tasks {

struct WordWindow {
  std::size_t first_word = 0, end_word = 0;
  bool operator==(const WordWindow&) const = default;
};

// Windows of whole words with at most `room` (> 0) pieces; neighbors share about half of them, and each word
// is in one at least. A word of more than `room` pieces has a window of its own. `begins` [words + 1]: where
// the pieces of a word begin.
std::vector<WordWindow> word_windows(std::span<const std::int64_t> begins, std::int64_t room);

// Returns, for each word, the window that shows most of its surroundings: the one whose smaller side, in
// pieces, is the largest, and of equal ones that with the larger other side. An end of the sentence hides
// nothing.
std::vector<std::size_t> best_windows(std::span<const std::int64_t> begins,
                                      std::span<const WordWindow> windows);

}  // namespace bertune::tasks
