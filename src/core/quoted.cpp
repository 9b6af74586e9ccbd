#include "core/quoted.h"

#include <fmt/format.h>

#include <cstdint>

#include "core/printable.h"
#include "core/utf8.h"

namespace bertune {
namespace {

void append_escape(std::string& text, char32_t value) {
  if (value == '\n') {
    text += "\\n";
  } else if (value == '\t') {
    text += "\\t";
  } else if (value == '\r') {
    text += "\\r";
  } else {
    text += value < 0x100 ? fmt::format("\\x{:02x}", static_cast<std::uint32_t>(value))
                          : fmt::format("\\u{:04x}", static_cast<std::uint32_t>(value));
  }
}

std::string escaped(std::string_view text, bool keeps_line_ends) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = decode_utf8(text, at);
    at += next.bytes;
    if (is_control(next.value) && !(keeps_line_ends && next.value == '\n')) {
      append_escape(result, next.value);
    } else {
      append_utf8(result, next.value);
    }
  }
  return result;
}

}  // namespace

std::string in_quotes(std::string_view text, std::size_t most) {
  const std::string_view shown = beginning_of(text, most);
  return fmt::format("\"{}{}\"", escaped(shown, false), shown.size() < text.size() ? "..." : "");
}

std::string without_control_characters(std::string_view message) { return escaped(message, true); }

}  // namespace bertune
