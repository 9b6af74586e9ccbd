// The format of a file whose name does not say it.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "bertune/error.h"
#include "data/files/dialect.h"
#include "data/files/format.h"
#include "data/files/labelled_lines.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

// Returns whether most of the first records have as many fields, and more than one.
bool is_table(std::string_view head) {
  std::vector<std::string> notes;
  const auto parser = make_parser("", Format::csv, '\0', head, notes);
  std::size_t width = 0, records = 0, fitting = 0;
  Record record;
  try {
    while (records < 60 && parser->next(head, true, record) == Parse::record) {
      if (records++ == 0) width = record.cells.size();
      fitting += record.cells.size() == width ? 1 : 0;
    }
  } catch (const Error&) {
    return false;
  }
  return width > 1 && records > 1 && fitting * 10 >= records * 9;
}

}  // namespace

Format guess_format(std::string_view head) {
  const std::string_view text = trim_blanks(head);
  if (text.starts_with('[')) return Format::json;
  if (text.starts_with('{')) {
    const std::string_view line = trim_blanks(text.substr(0, text.find('\n')));
    return line.ends_with('}') ? Format::jsonl : Format::json;
  }
  const LineLayout::Form form = guess_line_layout(head, '\0', false).form;
  const bool in_lines = form != LineLayout::Form::plain && form != LineLayout::Form::fields;
  return !in_lines && is_table(head) ? Format::csv : Format::text;
}

}  // namespace bertune::data
