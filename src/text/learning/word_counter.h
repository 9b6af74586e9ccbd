// Texts become counts of their words, cut and normalized as BertTokenizer does it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/learning/word_counts.h"
#include "text/wordpiece/word_splitter.h"

namespace bertune::text {

class WordCounter {
 public:
  // Words of more characters are counted, but not kept.
  WordCounter(const NormalizerOptions& options, std::size_t most_characters)
      : options_(options), most_characters_(most_characters) {}

  // Malformed UTF-8 is replaced by U+FFFD first.
  void add(std::string_view text);
  void add(const WordCounter& other);

  const WordCounts& words() const { return words_; }
  std::uint64_t texts() const { return texts_; }
  std::uint64_t malformed_sequences() const { return malformed_; }
  std::uint64_t too_long_words() const { return too_long_; }

  // The splitter calls these functions.
  void append(const NormalizedCharacter& character) {
    if (++characters_ <= most_characters_) word_.append(character.value);
  }
  void finish();
  void single(const NormalizedCharacter& character) {
    append(character);
    finish();
  }

 private:
  NormalizerOptions options_;
  std::size_t most_characters_;
  WordCounts words_;
  std::uint64_t texts_ = 0, malformed_ = 0, too_long_ = 0;
  MarkRun marks_;
  WordBytes word_;  // the word that is being read, and how many characters it has
  std::size_t characters_ = 0;
};

}  // namespace bertune::text
