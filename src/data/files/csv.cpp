// Comma-separated values as RFC 4180 has them, with any line ends.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

constexpr std::size_t kNoEnd = std::string_view::npos;

class CsvParser final : public RecordParser {
 public:
  CsvParser(std::string path, const Dialect& dialect) : RecordParser(std::move(path)), dialect_(dialect) {}

  std::unique_ptr<RecordParser> clone() const override { return std::make_unique<CsvParser>(*this); }

  Parse next(std::string_view& input, bool final, Record& record) override {
    skip_preamble(dialect_, input);
    skip_blank_lines(input);
    if (input.empty()) return final ? Parse::end : Parse::incomplete;
    record.line = line_;
    record.cells.clear();
    unquoted_.clear();
    Scan scan{input, final, 0, kNoEnd, 0};
    scan.find_line_end();
    for (;;) {
      const Step step = skip_to_quote(scan) ? quoted_cell(scan, record) : plain_cell(scan, record);
      if (step == Step::need_more) return Parse::incomplete;
      if (step == Step::record_end) break;
    }
    input.remove_prefix(scan.position);
    line_ += scan.lines;
    drop_surplus(dialect_, record);
    return Parse::record;
  }

  // A line without a quote is a record; others are read as records, for their line ends may be text.
  void skip(std::string_view& input, std::size_t left) override {
    skip_preamble(dialect_, input);
    Record record;
    for (;;) {
      skip_blank_lines(input);
      if (input.size() <= left) return;
      const std::string_view before = input.substr(0, input.size() - left);
      const std::size_t quote = std::min(before.find(dialect_.quote), before.size());
      const std::size_t line = before.substr(0, quote).rfind('\n');
      if (line != kNoEnd) {
        line_ += skip_lines(input, input.size() - line - 1);
      } else if (next(input, true, record) != Parse::record) {
        return;
      }
    }
  }

 private:
  struct Scan {
    std::string_view input;
    bool final;
    std::size_t position;
    std::size_t line_end;  // of the '\n' at or after position, or the size of the input when there is none
    std::int64_t lines;    // line ends passed

    void find_line_end() {
      line_end = input.find('\n', position);
      if (line_end == kNoEnd) line_end = input.size();
    }
  };
  enum class Step { next_cell, record_end, need_more };

  // The delimiter or line end that follows a cell; `position` is at it.
  Step finish_cell(Scan& scan) const {
    const std::string_view rest = scan.input.substr(scan.position);
    if (!scan.final && (rest.empty() || rest == "\r")) return Step::need_more;
    if (rest.empty()) return Step::record_end;
    if (rest[0] == dialect_.delimiter) {
      ++scan.position;
      return Step::next_cell;
    }
    scan.position += rest[0] == '\r' && rest.size() > 1 ? 2 : 1;
    ++scan.lines;
    return Step::record_end;
  }

  Step plain_cell(Scan& scan, Record& record) const {
    if (scan.line_end == scan.input.size() && !scan.final) return Step::need_more;
    std::string_view line = scan.input.substr(scan.position, scan.line_end - scan.position);
    const std::size_t size = line.find(dialect_.delimiter);
    std::string_view text = line.substr(0, size);
    if (size == kNoEnd && text.ends_with('\r')) text.remove_suffix(1);
    record.cells.push_back({text, CellKind::text, true});
    scan.position += text.size();
    return finish_cell(scan);
  }

  // Returns whether the cell is a quoted one; blanks before its quote are passed over where the file has
  // them.
  bool skip_to_quote(Scan& scan) const {
    std::size_t place = scan.position;
    while (dialect_.blanks_before_quotes && place < scan.input.size() && scan.input[place] == ' ') ++place;
    if (place >= scan.input.size() || scan.input[place] != dialect_.quote) return false;
    scan.position = place;
    return true;
  }

  Step quoted_cell(Scan& scan, Record& record) {
    const std::size_t begin = scan.position + 1;
    std::size_t end = begin;
    bool doubled = false;
    for (;;) {
      end = scan.input.find(dialect_.quote, end);
      if (end == kNoEnd) {
        if (!scan.final) return Step::need_more;
        throw Error(fmt::format("{}: a quote opens here and never closes", where(line_ + scan.lines)));
      }
      if (end + 1 == scan.input.size() && !scan.final) return Step::need_more;
      if (end + 1 == scan.input.size() || scan.input[end + 1] != dialect_.quote) break;
      doubled = true;
      end += 2;
    }
    const std::string_view text = scan.input.substr(begin, end - begin);
    if (doubled && dialect_.quote != '"') {
      record.cells.push_back({unquoted_.emplace_back(without_doubles(text)), CellKind::text, false});
    } else {
      record.cells.push_back({text, doubled ? CellKind::doubled_quotes : CellKind::text, true});
    }
    if (end > scan.line_end) scan.lines += std::count(text.begin(), text.end(), '\n');
    scan.position = end + 1;
    while (dialect_.blanks_before_quotes && scan.input.substr(scan.position).starts_with(' '))
      ++scan.position;
    if (scan.position > scan.line_end) scan.find_line_end();
    check_after_quote(scan, record);
    return finish_cell(scan);
  }

  void check_after_quote(const Scan& scan, const Record& record) const {
    const std::string_view rest = scan.input.substr(scan.position);
    const bool closed = rest.empty() || rest[0] == dialect_.delimiter || rest[0] == '\n' ||
                        rest.starts_with("\r\n") || (rest == "\r");
    if (closed) return;
    const std::string_view text = record.cells.back().text;
    throw Error(
        fmt::format("{}: text follows the closing quote of column {}; inside a quoted field a quote is "
                    "written twice (\"\"){}",
                    where(line_ + scan.lines), record.cells.size(),
                    text.ends_with('\\') ? ", not with a backslash" : ""));
  }

  std::string without_doubles(std::string_view text) const {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      result += text[i];
      i += text[i] == dialect_.quote ? 1 : 0;
    }
    return result;
  }

  Dialect dialect_;
  std::deque<std::string> unquoted_;  // what cells of the last record are views into
};

}  // namespace

std::unique_ptr<RecordParser> make_csv_parser(std::string path, const Dialect& dialect) {
  return std::make_unique<CsvParser>(std::move(path), dialect);
}

}  // namespace bertune::data
