#include "text/learning/word_counter.h"

namespace bertune::text {

void WordCounter::add(std::string_view text) {
  std::string replaced;
  if (find_invalid_utf8(text) != std::string_view::npos) {
    replaced = replace_invalid_utf8(text, malformed_);
    text = replaced;
  }
  WordSplitter<WordCounter> splitter(options_, *this);
  Normalizer<WordSplitter<WordCounter>>(options_, marks_, splitter).normalize(text, 0);
  finish();
  ++texts_;
}

void WordCounter::add(const WordCounter& other) {
  words_.add(other.words_);
  texts_ += other.texts_;
  malformed_ += other.malformed_;
  too_long_ += other.too_long_;
}

void WordCounter::finish() {
  if (characters_ == 0) return;
  if (characters_ <= most_characters_) {
    words_.add(word_.view());
  } else {
    ++too_long_;
  }
  word_.clear();
  characters_ = 0;
}

}  // namespace bertune::text
