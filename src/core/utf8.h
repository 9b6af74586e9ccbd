// UTF-8, hostile until decoded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bertune {

struct CodePoint {
  char32_t value;       // U+FFFD for a malformed sequence
  std::uint32_t bytes;  // how many bytes it took, at least 1
  bool valid;
};

// The code point at text[position] (position < text.size()). A malformed sequence is one U+FFFD for each
// maximal subpart, as Unicode recommends and as Python's errors="replace" and Rust's from_utf8_lossy do.
CodePoint decode_utf8(std::string_view text, std::size_t position);

void append_utf8(std::string& text, char32_t code_point);

// The byte offset of the first malformed sequence, or npos.
std::size_t find_invalid_utf8(std::string_view text);

// `text` with each malformed sequence replaced by U+FFFD; `replaced` counts them.
std::string replace_invalid_utf8(std::string_view text, std::uint64_t& replaced);

}  // namespace bertune
