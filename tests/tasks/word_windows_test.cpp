#include "tasks/token_classification/word_windows.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "core/random.h"

namespace bertune::tasks {
namespace {

using ::testing::ElementsAre;

TEST(WordWindows, ShareHalfAndEndFull) {
  const std::vector<std::int64_t> begins = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};  // nine words of one piece
  const std::vector<WordWindow> windows = word_windows(begins, 4);
  EXPECT_THAT(windows, ElementsAre(WordWindow{0, 4}, WordWindow{2, 6}, WordWindow{4, 8}, WordWindow{5, 9}));
  EXPECT_THAT(best_windows(begins, windows), ElementsAre(0, 0, 0, 1, 1, 2, 3, 3, 3));
}

TEST(WordWindows, OfASentenceThatFitsAreOne) {
  const std::vector<std::int64_t> begins = {5, 7, 8};
  EXPECT_THAT(word_windows(begins, 3), ElementsAre(WordWindow{0, 2}));
}

TEST(WordWindows, AreWholeWords) {
  const std::vector<std::int64_t> begins = {0, 3, 6, 9};
  EXPECT_THAT(word_windows(begins, 5), ElementsAre(WordWindow{0, 1}, WordWindow{1, 2}, WordWindow{2, 3}));
  EXPECT_THAT(word_windows(begins, 6), ElementsAre(WordWindow{0, 2}, WordWindow{1, 3}));
}

TEST(WordWindows, AWordThatDoesNotFitIsAlone) {
  const std::vector<std::int64_t> begins = {0, 1, 9, 10, 10};
  EXPECT_THAT(word_windows(begins, 2), ElementsAre(WordWindow{0, 1}, WordWindow{1, 2}, WordWindow{2, 4}));
}

TEST(WordWindows, HoldEveryWordAndTheirBestHoldsMost) {
  Random random(3, 3);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::int64_t> begins = {static_cast<std::int64_t>(random.below(9))};
    for (std::uint64_t words = 1 + random.below(60); words > 0; --words) {
      begins.push_back(begins.back() + static_cast<std::int64_t>(random.below(5)));
    }
    const auto room = static_cast<std::int64_t>(1 + random.below(20));
    const std::vector<WordWindow> windows = word_windows(begins, room);
    const std::vector<std::size_t> best = best_windows(begins, windows);
    EXPECT_EQ(windows.back().end_word, begins.size() - 1);
    for (const WordWindow& window : windows) {
      EXPECT_LT(window.first_word, window.end_word);
      EXPECT_TRUE(begins[window.end_word] - begins[window.first_word] <= room ||
                  window.end_word == window.first_word + 1);
    }
    for (std::size_t word = 0; word + 1 < begins.size(); ++word) {
      EXPECT_LE(windows[best[word]].first_word, word);
      EXPECT_GT(windows[best[word]].end_word, word);
    }
  }
}

}  // namespace
}  // namespace bertune::tasks
