// A text cut into the words of GPT-2's regular expression, each with the space before it:
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/bytes16.h"
#include "text/run_scan.h"
#include "text/unicode/normalizer.h"
#include "text/unicode/unicode.h"

namespace bertune::text {

// The bytes of 's, 't, 're, 've, 'm, 'll or 'd at the beginning of `text`; 0: there is none.
inline std::size_t contraction_size(std::string_view text) {
  if (text.size() < 2 || text[0] != '\'') return 0;
  const char first = text[1], second = text.size() > 2 ? text[2] : '\0';
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  const bool three = first == 'l' ? second == 'l' : (first == 'r' || first == 'v') && second == 'e';
  return three ? 3 : 0;
}

// The end of the word that begins at `position` of valid UTF-8; position < text.size().
inline std::size_t word_end(std::string_view text, std::size_t position) {
  enum Kind : std::uint8_t { letter, number, space, other };
  const Unicode& unicode = Unicode::instance();
  const auto kind_at = [&](std::size_t& place) {  // and moves behind the character
    const std::uint16_t properties = unicode.properties(next_code_point(text, place));
    return (properties & kUnicodeLetter) != 0   ? letter
           : (properties & kUnicodeNumber) != 0 ? number
           : (properties & kWhiteSpace) != 0    ? space
                                                : other;
  };
  const auto run_end = [&](std::size_t place, Kind kind) {
    while (place < text.size()) {
      std::size_t behind = place;
      if (kind_at(behind) != kind) break;
      place = behind;
    }
    return place;
  };
  if (const std::size_t size = contraction_size(text.substr(position)); size != 0) return position + size;
  std::size_t end = position;
  const Kind kind = kind_at(end);
  if (kind != space) return run_end(end, kind);
  if (text[position] == ' ' && end < text.size()) {
    std::size_t behind = end;
    if (const Kind next = kind_at(behind); next != space) return run_end(behind, next);
  }
  // White space without its last character, which is a word of its own or part of the next, unless the text
  // ends there.
  for (std::size_t last = position; end < text.size();) {
    std::size_t behind = end;
    if (kind_at(behind) != space) return last == position ? end : last;
    last = end;
    end = behind;
  }
  return end;
}

// The words in 64 bytes of a text from the beginning of a word. A bit stands for a byte, the lowest for the
// first. Bytes beyond ASCII are left to word_end(), and zeros too, which the keys of a RunCache cannot hold.
class WordBlock {
 public:
  static constexpr std::size_t kSize = 64;

  WordBlock(std::string_view text, std::size_t position) : bytes_(text.data() + position) {
    const std::size_t left = text.size() - position;
    if (left < kReadable) {
      padded_.fill(' ');
      std::memcpy(padded_.data(), bytes_, left);
      bytes_ = padded_.data();
    }
    std::uint64_t letter = 0, number = 0, white = 0, blank = 0, quote = 0, odd = 0;
    for (std::size_t i = 0; i < kSize; i += 16) {
      const Bytes16 bytes = load16(bytes_ + i);
      const auto set = [i](std::uint64_t& mask, Flags16 flags) {
        mask |= std::uint64_t{bits_of(flags)} << i;
      };
      set(letter, letters(bytes));
      set(number, (bytes - '0') < 10);
      set(white, (bytes == ' ') | ((bytes - '\t') < 5));
      set(blank, bytes == ' ');
      set(quote, bytes == '\'');
      set(odd, (bytes > 0x7F) | (bytes == 0));
    }
    const std::uint64_t other = ~(letter | number | white | odd);
    const auto begins_run = [&](std::uint64_t run) { return run & ~(run << 1) & ~(blank << 1); };
    // The last of several white spaces stands apart, if it is known that something else follows.
    const std::uint64_t last_white = white & ~(white >> 1) & ~(odd >> 1) & ~(std::uint64_t{1} << 63);
    begins_ = begins_run(letter) | begins_run(number) | begins_run(other) | (white & ~(white << 1)) |
              last_white | 1;
    cut_contractions(begins_ & quote);
    // The word that begins last is perhaps longer than what is seen of it, unless the text ends here.
    const auto known = static_cast<std::size_t>(std::countr_zero(odd));
    size_ = std::min({left, known, kSize});
    stops_ = odd != 0;
    begins_ &= size_ == kSize ? ~std::uint64_t{0} : (std::uint64_t{1} << size_) - 1;
    if (size_ == left || begins_ == 0) return;
    size_ = static_cast<std::size_t>(std::bit_width(begins_)) - 1;
    begins_ ^= std::bit_floor(begins_);
    stops_ = stops_ || size_ == 0;
  }
  WordBlock(const WordBlock&) = delete;
  WordBlock& operator=(const WordBlock&) = delete;

  std::size_t size() const { return size_; }        // bytes of whole words
  bool stops() const { return stops_; }             // what begins at size() is left to word_end()
  std::uint64_t begins() const { return begins_; }  // where words begin before size()
  // The bytes of the word that begins at `begin`.
  std::size_t length(std::size_t begin) const {
    const std::uint64_t behind = begins_ & ~(((std::uint64_t{1} << begin) << 1) - 1);
    return (behind == 0 ? size_ : static_cast<std::size_t>(std::countr_zero(behind))) - begin;
  }
  const char* bytes() const { return bytes_; }  // sixteen more than the block can be read

 private:
  static constexpr std::size_t kReadable = kSize + 16;

  // `quotes`: apostrophes that begin a word, if those before them do not change that.
  void cut_contractions(std::uint64_t quotes) {
    for (; quotes != 0; quotes &= quotes - 1) {
      const auto place = static_cast<std::size_t>(std::countr_zero(quotes));
      const std::size_t size = contraction_size({bytes_ + place, 3});
      if (size == 0) continue;
      const std::uint64_t inside = ((std::uint64_t{1} << size) - 2) << place;
      begins_ &= ~inside;
      if (place + size < kSize) begins_ |= std::uint64_t{1} << (place + size);
    }
  }

  const char* bytes_;
  std::uint64_t begins_ = 0;
  std::size_t size_ = 0;
  bool stops_ = false;
  std::array<char, kReadable> padded_;
};

}  // namespace bertune::text
