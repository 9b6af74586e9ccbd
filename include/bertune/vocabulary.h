// VocabularyBuilder learns a WordPiece vocabulary from texts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/export.h"
#include "bertune/tokenizer.h"

namespace bertune {

// The score that picks the two neighboring pieces to merge, again and again, until the vocabulary is full.
enum class MergeScore {
  frequency,   // the pair that occurs most often, as the `tokenizers` package does it
  likelihood,  // the pair that makes the texts most likely, if pieces are drawn one by one by their frequency
};

struct VocabularyOptions {
  std::int64_t vocab_size = 30522;     // tokens, special and unused ones included
  std::int64_t min_frequency = 2;      // how often a pair must occur to become a piece
  std::int64_t limit_alphabet = 1000;  // different characters; words with a rarer one become [UNK]
  std::int64_t unused_tokens = 0;      // "[unused0]", ...: ids kept for later
  MergeScore score = MergeScore::frequency;
  TokenizerConfig tokenizer = {};  // how texts are normalized, and the names of the special tokens
};

// Statistics of the texts that the vocabulary was built from. Words are normalized ones; "words" counts each
// occurrence.
struct VocabularyStatistics {
  std::int64_t texts = 0,
               malformed_sequences = 0;  // the latter were replaced by U+FFFD, as the tokenizer does
  std::int64_t words = 0, distinct_words = 0;
  std::int64_t too_long_words = 0;                      // over 100 characters: [UNK] whatever the vocabulary
  std::int64_t characters = 0, dropped_characters = 0;  // different ones in the alphabet, and left out of it
  std::int64_t whole_words = 0, unknown_words = 0;      // words that are one piece; that are [UNK]
  std::int64_t pieces = 0;                              // of all words, [UNK] among them
  std::vector<std::vector<std::string>> examples;       // common words of 2, 3, ... pieces, as their pieces
};

struct BuiltVocabulary {
  std::vector<std::string> tokens;  // by id
  VocabularyStatistics statistics;
};

// VocabularyBuilder's memory grows with the number of distinct words, not with the length of the texts. The
// same texts give the same vocabulary, whatever their order and the number of threads. Threads: one call at a
// time.
class BERTUNE_EXPORT VocabularyBuilder {
 public:
  // Makes an empty builder; throws UsageError for invalid options.
  explicit VocabularyBuilder(const VocabularyOptions& options = {});
  VocabularyBuilder(VocabularyBuilder&&) noexcept;
  VocabularyBuilder& operator=(VocabularyBuilder&&) noexcept;
  ~VocabularyBuilder();

  // Counts the words of the texts (UTF-8) on all threads. Only the words are kept.
  void add(const std::vector<std::string_view>& texts);

  // Builds the vocabulary of the texts added so far: [PAD], [UNK], [CLS], [SEP], [MASK]; then characters, and
  // merged pieces in the order of merging. Up to 99 unused tokens come after [PAD] and the others after
  // [MASK], so that 99 of them give [UNK] to [MASK] the ids 100 to 103 of the published models. `progress` is
  // called with the number of tokens done and wanted. Throws Error if there is no word, and UsageError if
  // there is no room for the characters.
  BuiltVocabulary build(const std::function<void(std::int64_t, std::int64_t)>& progress = {});

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bertune
