// Pieces of HTML. Every text from data passes through escaped(), and nowhere else becomes a part of a page.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace bertune::report::html {

// Text as text: markup characters are escaped, control characters and marks that reverse the direction of
// writing become visible, bytes that are no UTF-8 become U+FFFD. Line ends stay.
std::string escaped(std::string_view text);

// A label or a word from data, whose direction does not reach beyond it; longer than 60 characters with an
// ellipsis.
std::string name(std::string_view text);
std::string quote(std::string_view text);  // a text from data as a block
// The beginning of "text" in a cell, and that of "text_pair" below it where the row has one.
std::string beginning_of_row(const OrderedJson& row);

// A word of a text that speaks for a prediction, or against it: bytes of the text, and one of five shades.
struct Mark {
  std::size_t begin = 0, end = 0;
  double contribution = 0;
  int shade = 1;
};
// A text with marks in their order; those that overlap or lie outside are left out.
std::string marked(std::string_view text, std::span<const Mark> marks);
std::string marked_quote(std::string_view text, std::span<const Mark> marks);

// A number of the JSON, and how it is shown: `value` is written so that it reads back to the same number.
std::string number(double value, std::string_view shown);
std::string count(const OrderedJson& value);                       // "1,234"
std::string decimal(double value);                                 // three or four digits that count
std::string percent(double value);                                 // "87.5 %"
std::string interval(const OrderedJson& interval, bool is_share);  // "(82.2–91.4)"
// The value of a metric: a share in percent, an error as a number.
std::string metric_value(const std::string& metric, double value);
bool is_share(const std::string& metric);            // whether it is from 0 to 1
std::string metric_name(const std::string& metric);  // "accuracy", "F1 (macro)", ...

std::string section(std::string_view id, std::string_view question, std::string_view answer,
                    std::string_view evidence);
// A table in a region that scrolls; cells are HTML. A column whose title begins with ">" has numbers.
std::string table(std::string_view caption, const std::vector<std::string>& titles,
                  const std::vector<std::vector<std::string>>& rows, std::string_view css = {});
std::string folded(std::string_view summary, std::string_view content);
std::string facts(const std::vector<std::pair<std::string, std::string>>& pairs);  // HTML

}  // namespace bertune::report::html
