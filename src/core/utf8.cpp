#include "core/utf8.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/bytes16.h"

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
  char bytes[4];
  text.append(bytes, write_utf8(bytes, code_point));
}

namespace {

// Returns how many of 64 bytes are whole valid characters, if the first begins one; 0 when something is
// malformed.
std::size_t valid_characters(const char* text) {
  constexpr std::size_t kSize = 64;
  // Bytes of a kind, a bit each. `not_below_x` are those >= x.
  std::uint64_t not_below_80 = 0, not_below_90 = 0, not_below_a0 = 0, not_below_c0 = 0, not_below_c2 = 0,
                not_below_e0 = 0, not_below_f0 = 0, not_below_f5 = 0, e0 = 0, ed = 0, f0 = 0, f4 = 0;
  for (std::size_t i = 0; i < kSize; i += 16) {
    const Bytes16 bytes = load16(text + i);
    const auto add = [&](std::uint64_t& bits, Flags16 flags) { bits |= std::uint64_t{bits_of(flags)} << i; };
    add(not_below_80, bytes >= 0x80);
    add(not_below_90, bytes >= 0x90);
    add(not_below_a0, bytes >= 0xA0);
    add(not_below_c0, bytes >= 0xC0);
    add(not_below_c2, bytes >= 0xC2);
    add(not_below_e0, bytes >= 0xE0);
    add(not_below_f0, bytes >= 0xF0);
    add(not_below_f5, bytes >= 0xF5);
    add(e0, bytes == 0xE0);
    add(ed, bytes == 0xED);
    add(f0, bytes == 0xF0);
    add(f4, bytes == 0xF4);
  }
  const std::uint64_t continuing = not_below_80 & ~not_below_c0;
  const std::uint64_t expected = (not_below_c2 << 1) | (not_below_e0 << 2) | (not_below_f0 << 3);
  // Bounds of the second byte (Unicode, table 3-7).
  const std::uint64_t out_of_bounds = ((e0 << 1) & ~not_below_a0) | ((ed << 1) & not_below_a0) |
                                      ((f0 << 1) & ~not_below_90) | ((f4 << 1) & not_below_90);
  const std::uint64_t never = (not_below_c0 & ~not_below_c2) | not_below_f5;
  if (((continuing ^ expected) | out_of_bounds | never) != 0) return 0;
  // A character that continues behind the end is left to the next call.
  const std::uint64_t cut =
      (not_below_c2 & (1ULL << 63)) | (not_below_e0 & (1ULL << 62)) | (not_below_f0 & (1ULL << 61));
  return cut == 0 ? kSize : static_cast<std::size_t>(std::countr_zero(cut));
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  constexpr std::size_t kBlock = 64;
  std::size_t position = 0;
  while (position + kBlock <= text.size()) {
    const char* const block = text.data() + position;
    const Bytes16 any = load16(block) | load16(block + 16) | load16(block + 32) | load16(block + 48);
    const std::size_t valid = bits_of(any > 0x7F) == 0 ? kBlock : valid_characters(block);
    if (valid == 0) break;
    position += valid;
  }
  while (position < text.size()) {
    if (text.size() >= 8) {  // the last eight may begin before `position`
      const std::size_t from = std::min(position, text.size() - 8);
      std::uint64_t eight = 0;
      std::memcpy(&eight, text.data() + from, 8);
      if ((eight >> (8 * (position - from)) & 0x8080808080808080ULL) == 0) {
        position = from + 8;
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
