#include "report/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "core/utf8.h"

namespace bertune::report {
namespace {

struct Range {
  char32_t first, last;
  bool contains(char32_t code_point) const { return code_point >= first && code_point <= last; }
};

// The table is coarse on purpose: what labels and file names are likely to hold. A column too many or too few
// only shifts a table.
constexpr std::array kWide = {Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
                              Range{0xA960, 0xA97C},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
                              Range{0xFE30, 0xFE6F},   Range{0xFF01, 0xFF60},   Range{0xFFE0, 0xFFE6},
                              Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF},
                              Range{0x20000, 0x3FFFD}};
constexpr std::array kCombining = {Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},
                                   Range{0x0610, 0x061A}, Range{0x064B, 0x065F}, Range{0x093A, 0x093C},
                                   Range{0x0941, 0x0948}, Range{0x094D, 0x094D}, Range{0x0E31, 0x0E31},
                                   Range{0x0E34, 0x0E3A}, Range{0x0E47, 0x0E4E}, Range{0x200B, 0x200D},
                                   Range{0x20D0, 0x20F0}, Range{0x3099, 0x309A}, Range{0xFE00, 0xFE0F},
                                   Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF}};
template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t code_point) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return range.contains(code_point); });
}

int width_of(char32_t code_point) {
  if (code_point < 0x0300) return 1;
  if (in(kCombining, code_point)) return 0;
  return in(kWide, code_point) ? 2 : 1;
}

// Returns how many bytes of the text fit into this many columns.
std::size_t bytes_within(std::string_view text, int columns) {
  std::size_t end = 0;
  for (int used = 0; end < text.size();) {
    const CodePoint next = decode_utf8(text, end);
    used += width_of(next.value);
    if (used > columns) break;
    end += next.bytes;
  }
  return end;
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

int width_in_columns(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const std::string_view columns = environment("COLUMNS");
  int width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  return width > 0 ? width : 80;
}

}  // namespace

Terminal terminal_of(int descriptor) {
  Terminal terminal;
  terminal.interactive = ::isatty(descriptor) == 1 && environment("TERM") != "dumb";
  terminal.colors = terminal.interactive && environment("NO_COLOR").empty();
  terminal.width = width_in_columns(descriptor);
  return terminal;
}

std::string Style::wrap(std::string_view code, std::string_view text) const {
  if (!colors_ || text.empty()) return std::string(text);
  std::string result = "\x1b[";
  result.append(code).append("m").append(text).append("\x1b[0m");
  return result;
}

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = decode_utf8(text, at);
    width += width_of(next.value);
    at += next.bytes;
  }
  return width;
}

std::string shorten(std::string_view text, int width) {
  const int allowed = std::max(width, 1);
  if (display_width(text) <= allowed) return std::string(text);
  return std::string(text.substr(0, bytes_within(text, allowed - 1))) + "…";
}

std::string shorten_middle(std::string_view text, int width) {
  const int allowed = std::max(width, 1);
  if (display_width(text) <= allowed) return std::string(text);
  const std::size_t head = bytes_within(text, allowed / 2);
  const int room = allowed - 1 - display_width(text.substr(0, head));
  std::size_t tail = head;
  while (tail < text.size() && display_width(text.substr(tail)) > room) {
    tail += decode_utf8(text, tail).bytes;
  }
  return std::string(text.substr(0, head)) + "…" + std::string(text.substr(tail));
}

std::string one_line_of(std::string_view text, std::size_t most) {
  const std::string line = printable(text);
  const std::string_view begin = beginning_of(line, most);
  return std::string(begin) + (begin.size() < line.size() ? "..." : "");
}

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace bertune::report
