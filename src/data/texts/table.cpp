#include "data/texts/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "core/json.h"
#include "core/utf8.h"

namespace bertune::data {
namespace {

std::string_view name_of(CellKind kind) {
  switch (kind) {
    case CellKind::missing:
      return "missing";
    case CellKind::number:
      return "a number";
    case CellKind::boolean:
      return "true or false";
    case CellKind::null:
      return "null";
    case CellKind::list:
      return "a list";
    case CellKind::nested:
      return "an object or a nested list";
    default:
      return "text";
  }
}

}  // namespace

std::string Table::where(std::int64_t line) const { return place_in(path_, line); }

Parse Table::next(std::string_view& input, bool final, bool stays, Arena& arena, Row& row) {
  for (;;) {
    const Parse parse = parser_->next(input, final, record_);
    if (parse != Parse::record) return parse;
    if (record_.replaced > 0) replaced_.add(record_.line, static_cast<std::int64_t>(record_.replaced));
    if (record_.surrogates > 0) surrogates_.add(record_.line, static_cast<std::int64_t>(record_.surrogates));
    row = {};
    row.line = record_.line;
    if (!read_row(stays, arena, row)) {
      if (!stays) check_bad_rows();
      continue;
    }
    if (is_blank(row.text) || (choice_.text_pair && is_blank(row.text_pair))) empty_.add(row.line);
    if (row.has_label && row.label == choice_.label.name && row.text == choice_.text.name) {
      repeated_headers_.add(row.line);
    }
    ++rows_;
    labeled_ += row.has_label ? 1 : 0;
    return parse;
  }
}

std::string_view Table::cut(const ShardFile& file, std::string_view input, const Shard& shard) {
  const std::size_t size = input.size();
  file.skip(*parser_, input, left_at(size, shard.index, shard.count));
  std::string_view rest = input;
  file.skip(*parser_->clone(), rest, left_at(size, shard.index + 1, shard.count));
  return input.substr(0, input.size() - rest.size());
}

bool Table::read_row(bool stays, Arena& arena, Row& row) {
  if (!check_width()) return false;
  if (choice_.id.index >= 0 && choice_.id.index < static_cast<int>(record_.cells.size()))
    row.id = keep(record_.cells[static_cast<std::size_t>(choice_.id.index)], record_.line, stays, arena);
  if (spills_ && std::any_of(record_.cells.begin() + choice_.text.index + 1, record_.cells.end(),
                             [](const Cell& cell) { return !cell.text.empty(); })) {
    row.text = spilled_text(stays, arena);
  } else if (!take_text(choice_.text, stays, arena, row.text)) {
    return false;
  }
  if (choice_.text_pair && !take_text(choice_.text_pair, stays, arena, row.text_pair)) return false;
  if (!choice_.labels.empty()) return take_label_set(arena, row);
  return !choice_.label || take_label(stays, arena, row);
}

bool Table::is_bad(std::string_view what) {
  bad_.add(fmt::format("{}: {}", where(record_.line), what));
  return false;
}

bool Table::check_width() {
  const std::size_t width = record_.cells.size(), expected = head_.names.size();
  if (width == expected || is_json()) return true;
  if (format_ == Format::csv) {
    return is_bad(
        fmt::format("{} fields where {} has {}; a field that holds the delimiter or a line end must stand in "
                    "double quotes",
                    width, head_.header_line > 0 ? "the header" : "the first row", expected));
  }
  std::vector<const ChosenColumn*> chosen = {&choice_.text, &choice_.text_pair, &choice_.label};
  for (const ChosenColumn& label : choice_.labels) chosen.push_back(&label);
  for (const ChosenColumn* column : chosen) {
    if (column->index < static_cast<int>(width)) continue;
    return is_bad(
        fmt::format("{} fields, so column {} (\"{}\") is missing", width, column->index + 1, column->name));
  }
  ragged_.add(record_.line);
  return true;
}

bool Table::take_text(const ChosenColumn& column, bool stays, Arena& arena, std::string_view& text) {
  const Cell& cell = record_.cells[static_cast<std::size_t>(column.index)];
  if (cell.kind == CellKind::missing) return is_bad(fmt::format("the object has no \"{}\"", column.name));
  if (cell.kind != CellKind::text && cell.kind != CellKind::doubled_quotes) {
    return is_bad(fmt::format("\"{}\" is {}; a text must be a string", column.name, name_of(cell.kind)));
  }
  text = keep(cell, record_.line, stays, arena);
  return true;
}

// The text and what stands in the columns behind it, as they were before they were cut.
std::string_view Table::spilled_text(bool stays, Arena& arena) {
  spilled_.add(record_.line);
  std::string text;
  std::size_t end = record_.cells.size();
  while (record_.cells[end - 1].text.empty()) --end;
  const auto begin = static_cast<std::size_t>(choice_.text.index);
  const char delimiter = options_.delimiter != '\0' ? options_.delimiter
                         : format_ == Format::tsv   ? '\t'
                                                    : ',';
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin) text += delimiter;
    text += keep(record_.cells[i], record_.line, stays, arena);
  }
  return arena.copy(text);
}

bool Table::take_label(bool stays, Arena& arena, Row& row) {
  const Cell& cell = record_.cells[static_cast<std::size_t>(choice_.label.index)];
  if (cell.kind == CellKind::nested && !options_.labels_required) return true;
  if (cell.kind == CellKind::nested) {
    return is_bad(
        fmt::format("\"{}\" is {}; a label must be a string, a number, true or false, or a list of these",
                    choice_.label.name, name_of(cell.kind)));
  }
  if (cell.kind != CellKind::missing && cell.kind != CellKind::null) {
    row.label = trim_blanks(keep(cell, record_.line, stays, arena));
    row.has_label = !row.label.empty();
  }
  if (row.has_label || !options_.labels_required) return true;
  return is_bad(fmt::format("no label (column \"{}\" is empty)", choice_.label.name));
}

// A list of the names of the columns that hold a 1.
bool Table::take_label_set(Arena& arena, Row& row) {
  Json names = Json::array();
  for (const ChosenColumn& column : choice_.labels) {
    const std::string value = cell_name(record_.cells[static_cast<std::size_t>(column.index)]);
    if (value == "1" || value == "1.0" || value == "true" || value == "True" || value == "TRUE") {
      names.push_back(column.name);
    } else if (value != "0" && value != "0.0" && value != "false" && value != "False" && value != "FALSE") {
      if (!options_.labels_required) return true;
      return is_bad(fmt::format("\"{}\" is \"{}\"; the column of a label among several holds 0 or 1",
                                column.name, value.substr(0, 40)));
    }
  }
  row.label = arena.copy(names.dump(-1, ' ', false, Json::error_handler_t::replace));
  row.has_label = true;
  return true;
}

std::string_view Table::keep(const Cell& cell, std::int64_t line, bool stays, Arena& arena) {
  std::string_view text = cell.text;
  if (cell.kind == CellKind::doubled_quotes) {
    char* memory = arena.allocate(text.size());
    const std::size_t raw = text.size();
    text = undouble_quotes(text, memory);
    arena.shrink_last(raw - text.size());
  } else if (!stays || !cell.in_input) {
    text = arena.copy(text);
  }
  if (find_invalid_utf8(text) != std::string_view::npos) {
    std::uint64_t replaced = 0;
    text = arena.copy(replace_invalid_utf8(text, replaced));
    replaced_.add(line, static_cast<std::int64_t>(replaced));
  }
  if (text.find('\0') != std::string_view::npos) nul_.add(line, std::count(text.begin(), text.end(), '\0'));
  return text;
}

std::string Table::tallied(const Tally& tally, std::string_view what) const {
  const std::string at = where(tally.line);
  if (tally.count == 1) return fmt::format("{}: {}", at, what);
  return fmt::format("{}: {} ({} times; this is the first)", at, what, tally.count);
}

void Table::add_guesses(std::vector<std::string>& notes) const {
  std::string guessed;
  const std::pair<const ChosenColumn*, std::string_view> roles[] = {
      {&choice_.text, "text"}, {&choice_.text_pair, "pair"}, {&choice_.label, "label"}};
  for (const auto& [column, role] : roles) {
    if (!*column || !column->guessed || head_.names.size() == 1) continue;
    guessed += fmt::format("{}{} = \"{}\"", guessed.empty() ? "" : ", ", role, column->name);
  }
  if (!guessed.empty()) notes.push_back(fmt::format("{}: columns detected: {}", path_, guessed));
  for (const auto& [column, role] : roles) {
    if (!*column || column->reason.empty()) continue;
    const std::string_view option = column == &choice_.label ? "label_column" : "text_column";
    const bool set = column == &choice_.label && !choice_.labels.empty();
    notes.push_back(fmt::format("{}: \"{}\" {}: {} (change with `{}`)", path_, column->name,
                                set ? "are the labels" : fmt::format("is the {}", role), column->reason,
                                option));
  }
}

std::vector<std::string> Table::notes() const {
  std::vector<std::string> notes = head_notes_;
  notes.insert(notes.end(), dialect_notes_.begin(), dialect_notes_.end());
  add_guesses(notes);
  struct Counted {
    const Tally& tally;
    std::string_view what, advice;
  };
  const Counted tallies[] = {
      {replaced_, "bytes that are not UTF-8 were replaced by U+FFFD",
       "; if the file has another encoding, name it with `encoding`"},
      {surrogates_, "half of a surrogate pair became U+FFFD", ""},
      {nul_, "a NUL byte is kept as text", ""},
      {empty_, "the text is empty", ""},
      {ragged_, "the row is wider or narrower than the others", ""},
      {spilled_, "the text continues in columns without a name, and is put together", ""},
      {repeated_headers_, "the header occurs again as a row", ""}};
  for (const Counted& counted : tallies) {
    if (counted.tally.count > 0)
      notes.push_back(tallied(counted.tally, counted.what) + std::string(counted.advice));
  }
  if (const std::string left_out = bad_.note(path_, rows_, "rows"); !left_out.empty())
    notes.push_back(left_out);
  if (parser_ && parser_->blank_lines() > 0) {
    notes.push_back(fmt::format("{}: {} blank lines skipped", path_, parser_->blank_lines()));
  }
  return notes;
}

}  // namespace bertune::data
