#include "text/learning/vocabulary_statistics.h"

#include <algorithm>
#include <map>
#include <utility>

#include "text/tokenizer_spec.h"
#include "text/vocabulary.h"
#include "text/wordpiece/word_piece.h"

namespace bertune::text {
namespace {

// The most frequent words of 2, 3, ... pieces, some of each.
class Examples {
 public:
  void offer(std::string_view word, std::uint64_t count, std::size_t pieces) {
    if (pieces < 2 || pieces > kMostPieces) return;
    std::vector<Word>& best = best_[pieces];
    const Word offered{count, word};
    const auto place = std::ranges::lower_bound(best, offered, [](const Word& a, const Word& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    best.insert(place, offered);
    if (best.size() > kOfEach) best.pop_back();
  }
  std::vector<std::string_view> words() const {
    std::vector<std::string_view> result;
    for (const auto& [pieces, best] : best_) {
      for (const Word& word : best) result.push_back(word.second);
    }
    return result;
  }

 private:
  static constexpr std::size_t kMostPieces = 5, kOfEach = 2;
  using Word = std::pair<std::uint64_t, std::string_view>;
  std::map<std::size_t, std::vector<Word>> best_;
};

}  // namespace

void measure(const WordCounts& words, const std::vector<std::string>& tokens, const TokenizerConfig& config,
             VocabularyStatistics& statistics) {
  const TokenizerSpec spec = spec_of_tokens(tokens, config);
  const Vocabulary vocabulary(spec.vocabulary, spec.continuing_subword_prefix, spec.source);
  const std::int32_t unk = vocabulary.find(config.unk_token);
  const WordPiece word_piece(vocabulary, unk, spec.max_input_chars_per_word);
  std::vector<Piece> pieces;
  Examples examples;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto count = static_cast<std::int64_t>(words.count(i));
    word_piece.tokenize(words.word(i), pieces);
    const bool unknown = pieces.front().id == unk;
    statistics.words += count;
    statistics.pieces += count * static_cast<std::int64_t>(pieces.size());
    if (unknown) statistics.unknown_words += count;
    if (!unknown && pieces.size() == 1) statistics.whole_words += count;
    examples.offer(words.word(i), words.count(i), pieces.size());
  }
  statistics.words += statistics.too_long_words;
  statistics.pieces += statistics.too_long_words;
  statistics.unknown_words += statistics.too_long_words;
  for (const std::string_view word : examples.words()) {
    word_piece.tokenize(word, pieces);
    std::vector<std::string>& example = statistics.examples.emplace_back();
    for (const Piece& piece : pieces) example.push_back(vocabulary.token(piece.id));
  }
}

}  // namespace bertune::text
