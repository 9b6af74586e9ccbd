// The capabilities of the person's screen, and text that fits it.
#pragma once

#include <string>
#include <string_view>

#include "core/printable.h"

namespace bertune::report {

struct Terminal {
  bool interactive = false;  // a line can be redrawn: a terminal, and not TERM=dumb
  bool colors = false;       // interactive, and NO_COLOR is unset or empty
  int width = 80;            // columns; COLUMNS or 80 where the system does not say
};

// Returns the terminal of an open file descriptor: 1 is standard output, 2 standard error.
Terminal terminal_of(int descriptor);

// Wraps text in escape codes, or leaves it as it is.
class Style {
 public:
  Style() = default;  // plain
  explicit Style(bool colors) : colors_(colors) {}

  bool colors() const { return colors_; }
  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string dim(std::string_view text) const { return wrap("2", text); }
  std::string red(std::string_view text) const { return wrap("31", text); }
  std::string yellow(std::string_view text) const { return wrap("33", text); }

 private:
  std::string wrap(std::string_view code, std::string_view text) const;
  bool colors_ = false;
};

// Columns that UTF-8 text takes: 2 for wide East Asian characters and emoji, 0 for combining marks.
int display_width(std::string_view text);

using bertune::printable;

// Returns the beginning of a text on one line, of up to `most` bytes, with "..." where something was cut.
std::string one_line_of(std::string_view text, std::size_t most);

// The most columns of a label that a table shows.
inline constexpr int kLabelWidth = 28;

// Shortens the text to at most `width` columns (at least 1), the last of them "…" when something was cut.
std::string shorten(std::string_view text, int width);
// The same with the cut in the middle: names that begin alike stay apart.
std::string shorten_middle(std::string_view text, int width);

// The text with a capital letter at its beginning, where that is a letter of ASCII.
std::string capital(std::string text);

}  // namespace bertune::report
