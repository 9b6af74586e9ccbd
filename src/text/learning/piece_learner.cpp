#include "text/learning/piece_learner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace bertune::text {
namespace {

// x log x - (x - taken) log(x - taken), without losing digits where little is taken.
double entropy_of_taken(double x, double taken) {
  const double left = x - taken;
  return taken * std::log(x) - (left > 0 ? left * std::log1p(-taken / x) : 0);
}

}  // namespace

PieceLearner::PieceLearner(std::string prefix, MergeScore score, std::uint64_t min_frequency)
    : prefix_(std::move(prefix)), score_(score), min_frequency_(min_frequency), queue_(Better{this}) {}

bool PieceLearner::better(PairId a, PairId b) const {
  const Pair &first = pairs_[a], &second = pairs_[b];
  if (first.score != second.score) return first.score > second.score;
  if (first.left != second.left) return first.left < second.left;
  return first.right < second.right;
}

// The id of an equal piece that was there before, as two pairs can come to the same text.
PieceLearner::PieceId PieceLearner::add_piece(std::string text) {
  const auto [found, is_new] = piece_ids_.try_emplace(std::move(text), static_cast<PieceId>(pieces_.size()));
  if (is_new) {
    pieces_.push_back(found->first);
    piece_counts_.push_back(0);
    pairs_of_pieces_.emplace_back();
  }
  return found->second;
}

void PieceLearner::add_word(std::span<const PieceId> pieces, std::uint64_t count) {
  const auto word = static_cast<WordId>(words_.size());
  words_.push_back({words_in_pieces_.size(), count, static_cast<std::uint32_t>(pieces.size())});
  words_in_pieces_.insert(words_in_pieces_.end(), pieces.begin(), pieces.end());
  for (const PieceId piece : pieces) piece_counts_[piece] += count;
  total_ += count * pieces.size();
  for (std::size_t i = 1; i < pieces.size(); ++i) add_to_pair(pieces[i - 1], pieces[i], word);
}

PieceLearner::PairId PieceLearner::pair_to_change(PieceId left, PieceId right) {
  const auto [found, is_new] =
      pair_ids_.try_emplace(std::uint64_t{left} << 32 | right, static_cast<PairId>(pairs_.size()));
  if (is_new) pairs_.push_back({.left = left, .right = right});
  if (!std::exchange(pairs_[found->second].changed, true)) changed_.push_back(found->second);
  return found->second;
}

void PieceLearner::add_to_pair(PieceId left, PieceId right, WordId word) {
  const PairId id = pair_to_change(left, right);
  Pair& pair = pairs_[id];
  if (pair.count == 0 && score_ == MergeScore::likelihood) {
    pairs_of_pieces_[left].push_back(id);
    if (left != right) pairs_of_pieces_[right].push_back(id);
  }
  pair.count += words_[word].count;
  if (pair.words.empty() || pair.words.back() != word) pair.words.push_back(word);
}

void PieceLearner::take_from_pair(PieceId left, PieceId right, std::uint64_t count) {
  Pair& pair = pairs_[pair_to_change(left, right)];
  pair.count -= count;
  if (pair.count == 0) pair.words = {};
}

void PieceLearner::learn(std::size_t limit, const std::function<void(std::size_t)>& progress) {
  refresh_changed({});
  while (pieces_.size() < limit && !queue_.empty()) {
    const PairId best = queue_.top();
    if (!is_current(best)) {
      refresh(best);
      continue;
    }
    merge(best);
    if (progress) progress(pieces_.size());
  }
}

void PieceLearner::merge(PairId id) {
  const PieceId left = pairs_[id].left, right = pairs_[id].right;
  const std::vector<WordId> words = std::exchange(pairs_[id].words, {});
  const PieceId merged = add_piece(pieces_[left] + pieces_[right].substr(prefix_.size()));
  for (const WordId word : words) merge_in_word(word, left, right, merged);
  pairs_[id].count = 0;  // overlapping pairs ("a a a") took nothing from it
  queue_.remove(id);
  refresh_changed(std::array{left, right, merged});
}

void PieceLearner::merge_in_word(WordId id, PieceId left, PieceId right, PieceId merged) {
  Word& word = words_[id];
  PieceId* const pieces = words_in_pieces_.data() + word.begin;
  std::uint32_t size = 0;
  for (std::uint32_t i = 0; i < word.size; ++i) {
    if (pieces[i] != left || i + 1 == word.size || pieces[i + 1] != right) {
      pieces[size++] = pieces[i];
      continue;
    }
    if (size > 0) {
      take_from_pair(pieces[size - 1], left, word.count);
      add_to_pair(pieces[size - 1], merged, id);
    }
    if (i + 2 < word.size) {
      take_from_pair(right, pieces[i + 2], word.count);
      add_to_pair(merged, pieces[i + 2], id);
    }
    piece_counts_[left] -= word.count;
    piece_counts_[right] -= word.count;
    piece_counts_[merged] += word.count;
    total_ -= word.count;
    pieces[size++] = merged;
    ++i;
  }
  word.size = size;
}

// The log-likelihood of the text is the sum of n log(n / total) over pieces that occur n times. This is how
// much it grows when the pair becomes a piece.
double PieceLearner::score_of(const Pair& pair) const {
  if (score_ == MergeScore::frequency) return static_cast<double>(pair.count);
  const auto left = static_cast<double>(piece_counts_[pair.left]),
             right = static_cast<double>(piece_counts_[pair.right]), total = static_cast<double>(total_);
  if (pair.left == pair.right) {  // "a a a" holds the pair twice, but only one of both can be merged
    const double count = std::min(static_cast<double>(pair.count), std::floor(left / 2));
    return count * std::log(count) - entropy_of_taken(left, 2 * count) + entropy_of_taken(total, count);
  }
  const auto count = static_cast<double>(pair.count);
  return count * std::log(count) - (entropy_of_taken(left, count) + entropy_of_taken(right, count)) +
         entropy_of_taken(total, count);
}

// Every merge lowers the total, and with it all scores of likelihood a little. So an old score is too high,
// and one that is not on top even so need not be computed again.
bool PieceLearner::is_current(PairId id) const {
  return score_ == MergeScore::frequency || pairs_[id].total == total_;
}

void PieceLearner::refresh(PairId id) {
  Pair& pair = pairs_[id];
  if (pair.count < min_frequency_ || pair.count == 0) return queue_.remove(id);
  pair.score = score_of(pair);
  pair.total = total_;
  queue_.update(id);
}

// Updates the scores after counts of pairs, and those of `pieces`, have changed.
void PieceLearner::refresh_changed(std::span<const PieceId> pieces) {
  for (const PairId id : changed_) {
    pairs_[id].changed = false;
    refresh(id);
  }
  changed_.clear();
  if (score_ != MergeScore::likelihood) return;
  for (const PieceId piece : pieces) {
    std::vector<PairId>& pairs = pairs_of_pieces_[piece];
    std::erase_if(pairs, [&](PairId id) { return pairs_[id].count == 0; });
    for (const PairId id : pairs) refresh(id);
  }
}

}  // namespace bertune::text
