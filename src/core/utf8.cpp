#include "core/utf8.h"

#include <cstring>

namespace bertune {

CodePoint decode_utf8(std::string_view text, std::size_t position) {
  const auto byte_at = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;  // 0 is no continuation byte
  };
  const std::uint32_t first = byte_at(position);
  if (first < 0x80) return {first, 1, true};
  std::uint32_t length = 0, value = 0, low = 0x80,
                high = 0xBF;  // bounds of the second byte (Unicode, table 3-7)
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2, value = first & 0x1F;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3, value = first & 0x0F;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4, value = first & 0x07;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {0xFFFD, 1, false};
  }
  for (std::uint32_t i = 1; i < length; ++i) {
    const std::uint32_t next = byte_at(position + i);
    if (next < low || next > high) return {0xFFFD, i, false};
    value = (value << 6) | (next & 0x3F);
    low = 0x80, high = 0xBF;
  }
  return {value, length, true};
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  const std::uint32_t value = code_point;
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | (value >> 6)), put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | (value >> 12)), put(0x80 | ((value >> 6) & 0x3F)), put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | (value >> 18)), put(0x80 | ((value >> 12) & 0x3F)), put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    std::uint64_t eight = 0;
    if (position + 8 <= text.size()) {
      std::memcpy(&eight, text.data() + position, 8);
      if ((eight & 0x8080808080808080ULL) == 0) {
        position += 8;
        continue;
      }
    }
    const CodePoint point = decode_utf8(text, position);
    if (!point.valid) return position;
    position += point.bytes;
  }
  return std::string_view::npos;
}

std::string replace_invalid_utf8(std::string_view text, std::uint64_t& replaced) {
  std::string clean;
  clean.reserve(text.size());
  for (;;) {
    const std::size_t bad = find_invalid_utf8(text);
    clean.append(text.substr(0, bad));
    if (bad == std::string_view::npos) return clean;
    append_utf8(clean, 0xFFFD);
    ++replaced;
    text.remove_prefix(bad + decode_utf8(text, bad).bytes);
  }
}

}  // namespace bertune
