#include "data/files/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/utf8.h"
#include "data/files/file_part.h"
#include "data/files/json_shape.h"

namespace bertune::data {

namespace {

constexpr std::int64_t kFirstRow = std::int64_t{1} << 48;  // no file has so many lines

}  // namespace

std::string place_in(std::string_view path, std::int64_t line) {
  return line > kFirstRow ? fmt::format("{}: row {}", path, line - kFirstRow)
                          : fmt::format("{}:{}", path, line);
}

std::int64_t place_of_row(std::int64_t number) { return kFirstRow + number; }

std::string RecordParser::where(std::int64_t line) const { return place_in(path_, line); }

void RecordParser::skip_blank_lines(std::string_view& input) {
  for (;;) {
    std::size_t size = 0;
    if (input.starts_with('\n')) size = 1;
    if (input.starts_with("\r\n")) size = 2;
    if (size == 0) return;
    input.remove_prefix(size);
    ++line_;
    ++blank_lines_;
  }
}

void RecordParser::skip(std::string_view& input, std::size_t left) { line_ += skip_lines(input, left); }

void RecordParser::skip_preamble(const Dialect& dialect, std::string_view& input) {
  if (begun_) return;
  begun_ = true;
  input.remove_prefix(std::min(dialect.preamble, input.size()));
  line_ += dialect.preamble_lines;
}

void RecordParser::drop_surplus(const Dialect& dialect, Record& record) {
  if (dialect.surplus == Dialect::Surplus::none || record.cells.size() != dialect.width + 1) return;
  if (dialect.surplus == Dialect::Surplus::row_name) {
    record.cells.erase(record.cells.begin());
  } else if (record.cells.back().text.empty()) {
    record.cells.pop_back();
  }
}

std::unique_ptr<RecordParser> make_parser(const std::string& path, Format format, char delimiter,
                                          std::string_view text, std::vector<std::string>& notes,
                                          std::int64_t lines_before) {
  switch (format) {
    case Format::csv: {
      const Dialect dialect = guess_dialect(path, format, delimiter, text, notes);
      return dialect.quote == '\0' ? make_tsv_parser(path, dialect) : make_csv_parser(path, dialect);
    }
    case Format::tsv:
      return make_tsv_parser(path, guess_dialect(path, format, delimiter, text, notes));
    case Format::jsonl:
    case Format::json:
      if (const auto shape = shape_of_json(text, true, path, file_part(path).part, format == Format::jsonl)) {
        if (const std::string note = note_of(*shape); !note.empty())
          notes.push_back(fmt::format("{}: {} (detected)", path, note));
      }
      return make_json_parser(path, lines_before, format == Format::jsonl);
    case Format::text:
      break;
  }
  return make_text_parser(path, delimiter);
}

bool is_delimited(Format format) { return format == Format::csv || format == Format::tsv; }

std::string cell_text(const Cell& cell) {
  std::string text(cell.text);
  if (cell.kind == CellKind::doubled_quotes) text.resize(undouble_quotes(cell.text, text.data()).size());
  return text;
}

std::string cell_name(const Cell& cell) {
  std::uint64_t replaced = 0;
  return replace_invalid_utf8(trim_blanks(cell_text(cell)), replaced);
}

std::string_view undouble_quotes(std::string_view text, char* memory) {
  char* end = memory;
  for (;;) {
    const std::size_t quote = text.find('"');
    const std::size_t size = quote == std::string_view::npos ? text.size() : quote + 1;
    std::memcpy(end, text.data(), size);
    end += size;
    if (quote == std::string_view::npos) return {memory, static_cast<std::size_t>(end - memory)};
    text.remove_prefix(quote + 2);
  }
}

std::string_view trim_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool is_blank(std::string_view text) {
  // Nearly every text begins with something visible.
  return text.empty() || (static_cast<unsigned char>(text[0]) <= ' ' && trim_blanks(text).empty());
}

std::int64_t skip_lines(std::string_view& input, std::size_t left) {
  if (input.size() <= left) return 0;
  const std::size_t end = input.find('\n', input.size() - left - 1);
  const std::string_view passed = input.substr(0, end == std::string_view::npos ? end : end + 1);
  input.remove_prefix(passed.size());
  return std::count(passed.begin(), passed.end(), '\n');
}

bool take_line(std::string_view& input, bool final, std::string_view& line) {
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos && !final) return false;
  line = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

}  // namespace bertune::data
