// UTF-8, hostile until decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bertune {

struct CodePoint {
  char32_t value;       // U+FFFD for a malformed sequence
  std::uint32_t bytes;  // how many bytes it took, at least 1
  bool valid;
};

// Returns whether `byte` continues a code point that another byte began.
constexpr bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Returns the first bytes of a text, `most` at most, without a part of a character at the end.
constexpr std::string_view beginning_of(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && continues_character(text[most])) --most;
  return text.substr(0, most);
}

// The code point at text[position] (position < text.size()). A malformed sequence is one U+FFFD for each
// maximal subpart, as Unicode recommends and as Python's errors="replace" and Rust's from_utf8_lossy do.
CodePoint decode_utf8(std::string_view text, std::size_t position);

void append_utf8(std::string& text, char32_t code_point);
// Writes at most 4 bytes; returns how many.
inline std::size_t write_utf8(char* to, char32_t code_point) {
  const std::uint32_t value = code_point;
  if (value < 0x80) {
    to[0] = static_cast<char>(value);
    return 1;
  }
  const auto continuing = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (value < 0x800) {
    to[0] = static_cast<char>(0xC0 | (value >> 6));
    to[1] = continuing(value);
    return 2;
  }
  if (value < 0x10000) {
    to[0] = static_cast<char>(0xE0 | (value >> 12));
    to[1] = continuing(value >> 6);
    to[2] = continuing(value);
    return 3;
  }
  to[0] = static_cast<char>(0xF0 | (value >> 18));
  to[1] = continuing(value >> 12);
  to[2] = continuing(value >> 6);
  to[3] = continuing(value);
  return 4;
}

// The byte offset of the first malformed sequence, or npos.
std::size_t find_invalid_utf8(std::string_view text);

// `text` with each malformed sequence replaced by U+FFFD; `replaced` counts them.
std::string replace_invalid_utf8(std::string_view text, std::uint64_t& replaced);

}  // namespace bertune
