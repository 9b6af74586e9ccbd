// Learns the pieces of a WordPiece vocabulary: the best pair of neighboring pieces becomes one, again and
// again.
//
// Only words that hold the pair are touched by a merge, and only the counts of the pairs at its borders
// change; a heap has the best pair on top.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bertune/vocabulary.h"
#include "text/learning/indexed_heap.h"

namespace bertune::text {

class PieceLearner {
 public:
  using PieceId = std::uint32_t;

  // Pieces that continue a word have `prefix` before their text. Pairs that occur less than `min_frequency`
  // times are left alone.
  PieceLearner(std::string prefix, MergeScore score, std::uint64_t min_frequency);
  PieceLearner(const PieceLearner&) = delete;
  PieceLearner& operator=(const PieceLearner&) = delete;

  // Adds a piece; all characters come first: their ids count from 0.
  PieceId add_piece(std::string text);
  // Adds a word, as the pieces that it consists of; all different words come after the characters.
  void add_word(std::span<const PieceId> pieces, std::uint64_t count);
  // Merges until there are `limit` pieces or no pair is left to merge. Of equal scores the pair goes first
  // whose left piece has the lower id, then whose right one has. `progress` gets the number of pieces.
  void learn(std::size_t limit, const std::function<void(std::size_t)>& progress = {});

  const std::vector<std::string>& pieces() const { return pieces_; }

 private:
  using WordId = std::uint32_t;
  using PairId = std::uint32_t;

  struct Pair {
    PieceId left, right;
    std::uint64_t count = 0;
    double score = 0;
    std::uint64_t total = 0;         // total_ when the score was computed
    bool changed = false;            // since scores were last computed
    std::vector<WordId> words = {};  // that hold it, or did
  };
  // Pieces [begin, begin + size) of words_in_pieces_.
  struct Word {
    std::uint64_t begin, count;
    std::uint32_t size;
  };
  struct Better {
    const PieceLearner* learner;
    bool operator()(PairId a, PairId b) const { return learner->better(a, b); }
  };

  bool better(PairId a, PairId b) const;
  PairId pair_to_change(PieceId left, PieceId right);
  void add_to_pair(PieceId left, PieceId right, WordId word);
  void take_from_pair(PieceId left, PieceId right, std::uint64_t count);
  void merge(PairId id);
  void merge_in_word(WordId id, PieceId left, PieceId right, PieceId merged);
  double score_of(const Pair& pair) const;
  bool is_current(PairId id) const;
  void refresh(PairId id);
  void refresh_changed(std::span<const PieceId> pieces);

  std::string prefix_;
  MergeScore score_;
  std::uint64_t min_frequency_;
  std::vector<std::string> pieces_;
  std::unordered_map<std::string, PieceId> piece_ids_;
  std::vector<std::uint64_t> piece_counts_;
  std::uint64_t total_ = 0;                           // sum of piece_counts_
  std::vector<std::vector<PairId>> pairs_of_pieces_;  // kept for likelihood only
  std::vector<Word> words_;
  std::vector<PieceId> words_in_pieces_;
  std::vector<Pair> pairs_;
  std::unordered_map<std::uint64_t, PairId> pair_ids_;
  std::vector<PairId> changed_;
  IndexedHeap<Better> queue_;
};

}  // namespace bertune::text
