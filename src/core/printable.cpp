#include "core/printable.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/utf8.h"

namespace bertune {
namespace {

// Writing direction: an override in one label would mirror the rest of its line.
constexpr auto kDirection = std::to_array<std::pair<char32_t, char32_t>>(
    {{0x061C, 0x061C}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}});

bool turns(char32_t code_point) {
  return std::ranges::any_of(
      kDirection, [&](const auto& range) { return code_point >= range.first && code_point <= range.second; });
}

bool is_control(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = decode_utf8(text, at);
    at += next.bytes;
    if (next.value == '\t' || next.value == '\n' || next.value == '\r') {
      result += ' ';
    } else if (is_control(next.value) || turns(next.value)) {
      append_utf8(result, U'\uFFFD');
    } else {
      append_utf8(result, next.value);
    }
  }
  return result;
}

}  // namespace bertune
