// Normalized characters become words: cut at white space; a mark of punctuation or an ideograph is a word of
// its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/utf8.h"
#include "text/unicode/normalizer.h"

namespace bertune::text {

// The UTF-8 of a normalized word.
class WordBytes {
 public:
  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  void append(char32_t value) {
    if (size_ + 4 > capacity_) grow();
    size_ += write_utf8(bytes_.get() + size_, value);
  }

 private:
  void grow() {
    capacity_ = std::max<std::size_t>(256, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0, capacity_ = 0;
};

// The properties of characters that are words of their own.
inline std::uint16_t words_of_their_own(const NormalizerOptions& options) {
  return options.handle_chinese_chars ? kPunctuation | kCjk : kPunctuation;
}

// WordSplitter is what a Normalizer emits to. The collector has append(character) for one more character of a
// word, finish() for its end (also where there was none), and single(character) for a word of its own.
template <typename Collector>
class WordSplitter {
 public:
  WordSplitter(const NormalizerOptions& options, Collector& collector)
      : collector_(collector), words_of_their_own_(words_of_their_own(options)) {}

  void operator()(const NormalizedCharacter& character, std::uint16_t properties) {
    if ((properties & (kWhiteSpace | words_of_their_own_)) == 0) {
      collector_.append(character);
      return;
    }
    collector_.finish();
    if ((properties & kWhiteSpace) == 0) collector_.single(character);
  }

 private:
  Collector& collector_;
  std::uint16_t words_of_their_own_;
};

}  // namespace bertune::text
