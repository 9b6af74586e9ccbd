#include "data/texts/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "core/utf8.h"
#include "data/files/sniff.h"
#include "data/texts/trained_columns.h"

namespace bertune::data {
namespace {

constexpr std::size_t kSampleRows = 1000;

bool is_blank(std::string_view text) {
  // Nearly every text begins with something visible.
  return text.empty() || (static_cast<unsigned char>(text[0]) <= ' ' && trim_blanks(text).empty());
}

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

Table::Table(std::string path, Format format, const ReadOptions& options)
    : path_(std::move(path)), format_(format), options_(options) {
  const char delimiter = options.delimiter;
  if (delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
    throw UsageError("the delimiter cannot be a quote or a line end");
  }
  if (format == Format::text && delimiter == '\0' && options.trained && options.trained->has_pairs())
    options_.delimiter = '\t';
}

std::string Table::where(std::int64_t line) const { return fmt::format("{}:{}", path_, line); }

bool Table::open(std::string_view& input, bool final) {
  if (!marked_) {
    // Lines of plain text are taken as they come: somebody may be waiting for the answer to the first.
    const std::size_t enough_to_recognise = format_ == Format::text ? 4 : 4096;
    if (!final && input.size() < enough_to_recognise) return false;
    refuse_foreign_bytes(input, path_);
    input.remove_prefix(byte_order_mark(input));
    marked_ = true;
  }
  if (final && trim_blanks(input).empty() && format_ != Format::text) {
    throw Error(fmt::format("{}: is empty", path_));
  }
  if (!read_head(input, final)) return false;
  options_ = with_trained_columns(head_, options_, head_notes_);
  choice_ = choose_columns(head_, options_);
  if (header_is_an_example(head_, choice_)) {
    const std::string note = fmt::format(
        "{}: looks like an example and not like a header (\"{}\" is also a label): "
        "read as one; columns are numbered",
        where(head_.header_line), choice_.label.name);
    options_.header = false;
    read_head(input, final);
    head_notes_.push_back(note);
    choice_ = choose_columns(head_, options_);
  }
  require_trained_kind(head_, options_, choice_);
  parser_->set_keys(head_.names);
  if (head_.header_line > 0) parser_->next(input, final, record_);
  return true;
}

// Learns the names of the columns from the front of the input, which is left as it is.
bool Table::read_head(std::string_view input, bool final) {
  head_ = {};
  head_.path = path_;
  head_notes_.clear();
  parser_ = make_parser(path_, format_, options_.delimiter, input, head_notes_);
  const bool has_header = options_.header && is_delimited(format_);
  if (has_header) {
    const std::unique_ptr<RecordParser> parser = parser_->clone();
    std::string_view rest = input;
    const Parse parse = parser->next(rest, final, record_);
    if (parse == Parse::incomplete) return false;
    if (parse == Parse::end) throw Error(fmt::format("{}: is empty", path_));
    head_.header_line = record_.line;
    for (const Cell& cell : record_.cells) head_.names.push_back(cell_name(cell));
    return sample_rows(*parser, rest, final);
  }
  return sample_rows(*parser_->clone(), input, final);
}

bool Table::sample_rows(RecordParser& parser, std::string_view input, bool final) {
  const bool json = format_ == Format::jsonl || format_ == Format::json;
  std::size_t rows = 0;
  std::vector<std::vector<std::string>> samples(2);
  // A user who reads ten rows of a damaged file hears nothing of the eleventh.
  const std::size_t wanted =
      options_.max_rows > 0 ? std::min<std::size_t>(kSampleRows, static_cast<std::size_t>(options_.max_rows))
                            : kSampleRows;
  for (; rows < wanted; ++rows) {
    const Parse parse = parser.next(input, final, record_);
    if (parse == Parse::incomplete && rows == 0) return false;
    if (parse != Parse::record) break;
    if (head_.names.empty() && !json) {
      for (std::size_t i = 1; i <= record_.cells.size(); ++i) head_.names.push_back(std::to_string(i));
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(2, record_.cells.size()); ++i) {
      samples[i].push_back(cell_name(record_.cells[i]));
    }
    if (!json && head_.names.size() != 2) {
      ++rows;
      break;
    }
  }
  if (json) head_.names = parser.keys();
  if (head_.names.size() == 2 && samples[0].size() == samples[1].size()) head_.samples = std::move(samples);
  if (rows == 0 && format_ == Format::text) head_.names = {"1"};
  if (rows == 0 && format_ != Format::text) {
    throw Error(head_.header_line > 0 ? fmt::format("{}: holds a header and no rows", path_)
                                      : fmt::format("{}: holds no rows", path_));
  }
  return true;
}

Parse Table::next(std::string_view& input, bool final, bool stays, Arena& arena, Row& row) {
  const Parse parse = parser_->next(input, final, record_);
  if (parse != Parse::record) return parse;
  if (record_.replaced > 0) replaced_.add(record_.line, static_cast<std::int64_t>(record_.replaced));
  check_width(record_);
  row = {};
  row.line = record_.line;
  row.text = text_of(record_, choice_.text, stays, arena);
  if (choice_.text_pair) row.text_pair = text_of(record_, choice_.text_pair, stays, arena);
  if (choice_.label) label_of(record_, stays, arena, row);
  if (is_blank(row.text) || (choice_.text_pair && is_blank(row.text_pair))) empty_.add(row.line);
  if (row.has_label && row.label == choice_.label.name && row.text == choice_.text.name) {
    repeated_headers_.add(row.line);
  }
  ++rows_;
  labeled_ += row.has_label ? 1 : 0;
  return parse;
}

void Table::check_width(const Record& record) {
  const std::size_t width = record.cells.size(), expected = head_.names.size();
  if (width == expected || format_ == Format::jsonl || format_ == Format::json) return;
  if (format_ == Format::csv) {
    throw Error(fmt::format(
        "{}: {} fields where {} has {}; a field that holds the delimiter or a line end must stand "
        "in double quotes",
        where(record.line), width, head_.header_line > 0 ? "the header" : "the first row", expected));
  }
  for (const ChosenColumn* chosen : {&choice_.text, &choice_.text_pair, &choice_.label}) {
    if (chosen->index < static_cast<int>(width)) continue;
    throw Error(fmt::format("{}: {} fields, so column {} (\"{}\") is missing", where(record.line), width,
                            chosen->index + 1, chosen->name));
  }
  ragged_.add(record.line);
}

std::string_view Table::text_of(const Record& record, const ChosenColumn& column, bool stays, Arena& arena) {
  const Cell& cell = record.cells[static_cast<std::size_t>(column.index)];
  if (cell.kind == CellKind::text || cell.kind == CellKind::doubled_quotes)
    return keep(cell, record.line, stays, arena);
  if (cell.kind == CellKind::missing) {
    throw Error(fmt::format("{}: the object has no \"{}\"", where(record.line), column.name));
  }
  throw Error(fmt::format("{}: \"{}\" is {}; a text must be a string", where(record.line), column.name,
                          name_of(cell.kind)));
}

void Table::label_of(const Record& record, bool stays, Arena& arena, Row& row) {
  Cell cell = record.cells[static_cast<std::size_t>(choice_.label.index)];
  if (cell.kind == CellKind::nested) {
    throw Error(
        fmt::format("{}: \"{}\" is {}; a label must be a string, a number, true or false, or a list of these",
                    where(record.line), choice_.label.name, name_of(cell.kind)));
  }
  if (cell.kind != CellKind::missing && cell.kind != CellKind::null) {
    row.label = trim_blanks(keep(cell, record.line, stays, arena));
    row.has_label = !row.label.empty();
  }
  if (!row.has_label && options_.labels_required) {
    throw Error(fmt::format("{}: no label (column \"{}\" is empty)", where(record.line), choice_.label.name));
  }
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

std::vector<std::string> Table::notes() const {
  std::vector<std::string> notes = head_notes_;
  std::string guessed;
  const std::pair<const ChosenColumn*, std::string_view> roles[] = {
      {&choice_.text, "text"}, {&choice_.text_pair, "pair"}, {&choice_.label, "label"}};
  for (const auto& [column, role] : roles) {
    if (!*column || !column->guessed || head_.names.size() == 1) continue;
    guessed += fmt::format("{}{} = \"{}\"", guessed.empty() ? "" : ", ", role, column->name);
  }
  if (!guessed.empty()) notes.push_back(fmt::format("{}: columns guessed: {}", path_, guessed));
  const std::pair<const Tally*, std::string_view> tallies[] = {
      {&replaced_, "bytes that are not UTF-8 were replaced by U+FFFD"},
      {&nul_, "a NUL byte is kept as text"},
      {&empty_, "the text is empty"},
      {&ragged_, "the row is wider or narrower than the others"},
      {&repeated_headers_, "the header occurs again as a row"}};
  for (const auto& [tally, what] : tallies) {
    if (tally->count > 0) notes.push_back(tallied(*tally, what));
  }
  if (parser_ && parser_->blank_lines() > 0) {
    notes.push_back(fmt::format("{}: {} blank lines skipped", path_, parser_->blank_lines()));
  }
  return notes;
}

}  // namespace bertune::data
