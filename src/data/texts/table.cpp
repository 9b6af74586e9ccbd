#include "data/texts/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "data/files/sniff.h"
#include "data/texts/trained_columns.h"

namespace bertune::data {
namespace {

constexpr std::size_t kSampleRows = 1000, kSampleBytes = std::size_t{64} << 10;

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

Table::Table(std::string path, const ReadOptions& options)
    : path_(std::move(path)),
      format_(options.format ? options.format : format_by_name(path_)),
      options_(options),
      guesses_lines_(!options.format),
      bad_(options.max_bad_rows) {
  const char delimiter = options.delimiter;
  if (delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
    throw UsageError("the delimiter cannot be a quote or a line end");
  }
  if (format_ == Format::text && delimiter == '\0' && options.trained && options.trained->has_pairs())
    options_.delimiter = '\t';
}

std::string Table::where(std::int64_t line) const { return place_in(path_, line); }

bool Table::open(std::string_view& input, bool final) {
  if (!marked_) {
    // Lines of plain text from a pipe are taken as they come: somebody may be waiting for the answer to the
    // first.
    const bool lines_as_they_come = format_ == Format::text && !guesses_lines_;
    const std::size_t enough_to_recognise = lines_as_they_come ? 4 : 4096;
    if (!final && input.size() < enough_to_recognise) return false;
    refuse_foreign_bytes(input, path_);
    input.remove_prefix(byte_order_mark(input));
    marked_ = true;
    settle_format(input);
  }
  if (final && trim_blanks(input).empty() && format_ != Format::text) {
    throw Error(fmt::format("{}: is empty", path_));
  }
  if (!read_head(input, final)) return false;
  settle_header(input, final);
  options_ = with_trained_columns(head_, options_, head_notes_);
  choice_ = choose_columns(head_, options_);
  require_trained_kind(head_, options_, choice_);
  find_spilled_text();
  parser_->set_keys(head_.names);
  if (head_.header_line > 0) parser_->next(input, final, record_);
  return true;
}

// What the name does not say, the content shows: the format, and what lines of plain text hold.
void Table::settle_format(std::string_view input) {
  if (!format_) {
    format_ = guess_format(input.substr(0, kSampleBytes));
    head_notes_.push_back(fmt::format("{}: read as {} (guessed by its content; `format` says otherwise)",
                                      path_, to_string(*format_)));
  }
  if (format_ != Format::text || !guesses_lines_) return;
  layout_ =
      guess_line_layout(input, options_.delimiter, options_.labels_required && options_.label_column.empty());
  if (layout_.form == LineLayout::Form::plain) return;
  head_notes_.push_back(fmt::format("{}: {} (guessed; `format=text` says otherwise)", path_, layout_.reason));
  if (layout_.form != LineLayout::Form::fields) return;
  format_ = layout_.delimiter == '\t' ? Format::tsv : Format::csv;
  options_.delimiter = layout_.delimiter;
}

// A first row that looks like the others is one of them, and so it is where a model knows columns by number.
void Table::settle_header(std::string_view input, bool final) {
  if (head_.header_line == 0 || has_given_columns()) return;
  std::string_view why = "its values are such as those below";
  if (!header_is_an_example(head_)) {
    const bool numbered = options_.trained && !options_.trained->text.empty() &&
                          options_.trained->text.find_first_not_of("0123456789") == std::string::npos;
    if (!numbered || column_named(head_.names, options_.trained->text) >= 0) return;
    why = "the columns had numbers and no names in training";
  }
  head_notes_.push_back(
      fmt::format("{}: looks like an example and not like a header ({}): read as one; columns are numbered",
                  where(head_.header_line), why));
  options_.header = false;
  read_head(input, final);
}

bool Table::has_given_columns() const {
  return !options_.text_column.empty() || !options_.text_pair_column.empty() ||
         !options_.label_column.empty();
}

// Learns the names of the columns from the front of the input, which is left as it is.
bool Table::read_head(std::string_view input, bool final) {
  head_ = {};
  head_.path = path_;
  dialect_notes_.clear();
  parser_ = in_lines() ? make_labelled_line_parser(path_, layout_)
                       : make_parser(path_, *format_, options_.delimiter, input, dialect_notes_);
  const std::unique_ptr<RecordParser> parser = parser_->clone();
  if (options_.header && is_delimited(*format_)) {
    const Parse parse = parser->next(input, final, record_);
    if (parse == Parse::incomplete) return false;
    if (parse == Parse::end) throw Error(fmt::format("{}: is empty", path_));
    head_.header_line = record_.line;
    for (const Cell& cell : record_.cells) head_.names.push_back(cell_name(cell));
  }
  return sample_rows(*parser, input, final);
}

// Of records without a header.
std::vector<std::string> Table::names_without_header(std::size_t columns) const {
  if (in_lines() && layout_.form == LineLayout::Form::cut_last) return {"text", "label"};
  if (in_lines()) return {"label", "text"};
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= columns; ++i) names.push_back(std::to_string(i));
  return names;
}

bool Table::sample_rows(RecordParser& parser, std::string_view input, bool final) {
  std::size_t rows = 0;
  // A user who reads ten rows of a damaged file hears nothing of the eleventh.
  const std::size_t wanted =
      options_.max_rows > 0 ? std::min<std::size_t>(kSampleRows, static_cast<std::size_t>(options_.max_rows))
                            : kSampleRows;
  for (; rows < wanted; ++rows) {
    const Parse parse = parser.next(input, final, record_);
    if (parse == Parse::incomplete && rows == 0) return false;
    if (parse != Parse::record) break;
    if (head_.names.empty() && !is_json()) head_.names = names_without_header(record_.cells.size());
    sample_row();
  }
  if (is_json()) head_.names = parser.keys();
  if (rows == 0 && format_ == Format::text) head_.names = {"1"};
  if (rows == 0 && format_ != Format::text) {
    throw Error(head_.header_line > 0 ? fmt::format("{}: holds a header and no rows", path_)
                                      : fmt::format("{}: holds no rows", path_));
  }
  if (final && rows == kSampleRows && is_delimited(*format_)) sample_elsewhere(input);
  head_.samples.resize(head_.names.size());
  for (std::vector<std::string>& column : head_.samples) column.resize(head_.samples[0].size());
  return true;
}

// Of a row that is narrower or wider than the others nothing is learned.
void Table::sample_row() {
  constexpr std::size_t kLongest = 2000;
  const std::size_t width = is_json() ? record_.cells.size() : head_.names.size();
  if (record_.cells.size() != width) return;
  const std::size_t before = head_.samples.empty() ? 0 : head_.samples[0].size();
  if (head_.samples.size() < width) head_.samples.resize(width, std::vector<std::string>(before));
  for (std::size_t i = 0; i < width; ++i)
    head_.samples[i].push_back(cell_name(record_.cells[i]).substr(0, kLongest));
}

// Files are often sorted by label: some rows from farther behind show the others. Where a line begins within
// a quoted field the rows are none, which their width shows.
void Table::sample_elsewhere(std::string_view input) {
  constexpr std::size_t kPlaces = 8, kRowsAtEach = 50;
  for (std::size_t place = 1; place <= kPlaces; ++place) {
    std::string_view rest = input.substr(input.size() / (kPlaces + 1) * place);
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    const std::unique_ptr<RecordParser> parser = parser_->clone_behind_preamble();
    try {
      for (std::size_t row = 0; row < kRowsAtEach && parser->next(rest, true, record_) == Parse::record;
           ++row)
        sample_row();
    } catch (const Error&) {
      continue;
    }
  }
}

// Columns without a name behind the text hold what an unquoted delimiter cut off it.
void Table::find_spilled_text() {
  if (head_.header_line == 0 || choice_.text.index < 0 || choice_.text_pair) return;
  const std::size_t behind = static_cast<std::size_t>(choice_.text.index) + 1;
  const auto is_nameless = [](const std::string& name) {
    return name.empty() || name.starts_with("Unnamed: ");
  };
  spills_ = behind < head_.names.size() &&
            std::all_of(head_.names.begin() + static_cast<std::ptrdiff_t>(behind), head_.names.end(),
                        is_nameless) &&
            !(choice_.label.index >= static_cast<int>(behind));
  for (std::size_t i = behind; i < head_.samples.size() && spills_; ++i) {
    const auto filled =
        std::ranges::count_if(head_.samples[i], [](const auto& cell) { return !cell.empty(); });
    spills_ = static_cast<std::size_t>(filled) * 2 < head_.samples[i].size();
  }
}

Parse Table::next(std::string_view& input, bool final, bool stays, Arena& arena, Row& row) {
  for (;;) {
    const Parse parse = parser_->next(input, final, record_);
    if (parse != Parse::record) return parse;
    if (record_.replaced > 0) replaced_.add(record_.line, static_cast<std::int64_t>(record_.replaced));
    if (record_.surrogates > 0)
      surrogates_.add(record_.line, static_cast<std::int64_t>(record_.surrogates));
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

bool Table::read_row(bool stays, Arena& arena, Row& row) {
  if (!check_width()) return false;
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

bool Table::is_bad(std::string what) {
  bad_.add(record_.line, std::move(what));
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
  if (!guessed.empty()) notes.push_back(fmt::format("{}: columns guessed: {}", path_, guessed));
  for (const auto& [column, role] : roles) {
    if (!*column || column->reason.empty()) continue;
    const std::string_view option = column == &choice_.label ? "label_column" : "text_column";
    const bool set = column == &choice_.label && !choice_.labels.empty();
    notes.push_back(fmt::format("{}: \"{}\" {}: {} (`{}` says otherwise)", path_, column->name,
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
      {spilled_, "the text goes on in columns without a name, and is put together", ""},
      {repeated_headers_, "the header occurs again as a row", ""}};
  for (const Counted& counted : tallies) {
    if (counted.tally.count > 0)
      notes.push_back(tallied(counted.tally, counted.what) + std::string(counted.advice));
  }
  if (const std::string left_out = bad_.note(path_); !left_out.empty()) notes.push_back(left_out);
  if (parser_ && parser_->blank_lines() > 0) {
    notes.push_back(fmt::format("{}: {} blank lines skipped", path_, parser_->blank_lines()));
  }
  return notes;
}

}  // namespace bertune::data
