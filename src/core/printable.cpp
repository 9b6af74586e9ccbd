#include "core/printable.h"

#include "core/utf8.h"

namespace bertune {
bool is_control(char32_t code_point) {
  const bool turns = code_point == 0x061C || (code_point >= 0x200E && code_point <= 0x200F) ||
                     (code_point >= 0x2028 && code_point <= 0x202E) ||
                     (code_point >= 0x2066 && code_point <= 0x2069);
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) || turns;
}

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = decode_utf8(text, at);
    at += next.bytes;
    if (next.value == '\t' || next.value == '\n' || next.value == '\r') {
      result += ' ';
    } else if (is_control(next.value)) {
      append_utf8(result, U'\uFFFD');
    } else {
      append_utf8(result, next.value);
    }
  }
  return result;
}

}  // namespace bertune
