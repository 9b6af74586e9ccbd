#include "data/files/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "bertune/error.h"
#include "core/lower_case.h"
#include "data/files/records.h"
#include "data/files/sniff.h"

namespace bertune::data {
namespace {

constexpr std::size_t kSample = std::size_t{64} << 10, kRecords = 60;

struct Line {
  std::vector<std::string> cells;
  std::int64_t line = 0;
  std::size_t begin = 0;  // in the text
};

std::string shown(char delimiter) { return delimiter == '\t' ? "tab" : fmt::format("'{}'", delimiter); }

class DialectGuess {
 public:
  DialectGuess(const std::string& path, Format format, char delimiter, std::string_view text,
               std::vector<std::string>& notes)
      : path_(path), format_(format), text_(text.substr(0, kSample)), notes_(notes) {
    const std::size_t end = text_.rfind('\n');
    if (end != std::string_view::npos && end > 0 && text_.find('\n') != end) text_ = text_.substr(0, end + 1);
    dialect_.delimiter = format == Format::tsv ? '\t' : ',';
    dialect_.quote = format == Format::tsv ? '\0' : '"';
    if (delimiter != '\0') dialect_.delimiter = delimiter;
    delimiter_is_given_ = delimiter != '\0';
  }

  Dialect guess() {
    take_sep_line();
    if (format_ == Format::csv) {
      guess_quotes();
      if (!delimiter_is_given_) guess_delimiter_of_csv();
    }
    sample_ = records(dialect_);
    skip_titles();
    find_surplus();
    return dialect_;
  }

 private:
  void note(std::string text) { notes_.push_back(fmt::format("{}: {}", path_, text)); }

  // Excel's: the first line says what separates fields.
  void take_sep_line() {
    std::string_view line = text_.substr(0, text_.find('\n'));
    const std::size_t size = line.size();
    line = trim_blanks(line);
    if (line.starts_with('"') && line.ends_with('"') && line.size() > 2)
      line = line.substr(1, line.size() - 2);
    if (line.size() != 5 || size == text_.size()) return;
    if (lower_case(line.substr(0, 4)) != "sep=") return;
    dialect_.delimiter = line[4];
    dialect_.preamble = size + 1, dialect_.preamble_lines = 1;
    delimiter_is_given_ = true;
    note(fmt::format("the first line says that {} separates fields", shown(line[4])));
  }

  std::string_view table() const { return text_.substr(std::min(text_.size(), dialect_.preamble)); }

  // The first records as this dialect has them, until one that it cannot read.
  std::vector<Line> records(const Dialect& dialect) const {
    std::vector<Line> lines;
    Dialect plain = dialect;
    plain.surplus = Dialect::Surplus::none, plain.preamble = 0, plain.preamble_lines = 0;
    const auto parser = dialect.quote == '\0' ? make_tsv_parser(path_, plain) : make_csv_parser(path_, plain);
    std::string_view rest = table();
    Record record;
    try {
      while (lines.size() < kRecords && parser->next(rest, true, record) == Parse::record) {
        Line& line = lines.emplace_back();
        for (const Cell& cell : record.cells) line.cells.push_back(cell_name(cell));
        line.line = record.line + dialect_.preamble_lines;
      }
    } catch (const Error&) {  // whoever reads the rows says what is wrong, and where
    }
    return lines;
  }

  // The width that most records have, and whether nearly all have it.
  static std::pair<std::size_t, bool> usual_width(const std::vector<Line>& lines) {
    std::map<std::size_t, std::size_t> counts;
    for (const Line& line : lines) ++counts[line.cells.size()];
    if (counts.empty()) return {0, false};
    const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
    return {most->first, most->second * 5 >= lines.size() * 4};
  }

  // Returns whether most of the lines below the first fit.
  template <typename Fits>
  bool most_lines(const Fits& fits) const {
    std::string_view rest = table(), line;
    std::size_t all = 0, fitting = 0;
    take_line(rest, true, line);
    while (all < kRecords && !rest.empty() && take_line(rest, true, line)) {
      if (line.empty()) continue;
      ++all;
      fitting += fits(line) ? 1 : 0;
    }
    return all >= 2 && fitting * 10 >= all * 9;
  }

  void guess_quotes() {
    constexpr std::string_view kDelimiters = ",;\t|";
    const auto has_quotes_at = [&](std::string_view line, std::string_view before, char quote) {
      for (std::size_t at = line.find(before); at != std::string_view::npos; at = line.find(before, at + 1)) {
        const bool delimited = at > 0 && kDelimiters.find(line[at - 1]) != std::string_view::npos;
        if (delimited && at + before.size() < line.size() && line[at + before.size()] == quote) return true;
      }
      return false;
    };
    if (most_lines([&](std::string_view line) {
          return line.size() > 2 && line.starts_with('\'') && line.ends_with('\'') &&
                 has_quotes_at(line, "", '\'');
        })) {
      dialect_.quote = '\'';
      note("fields stand in single quotes (detected)");
    }
    if (most_lines([&](std::string_view line) { return has_quotes_at(line, " ", dialect_.quote); })) {
      dialect_.blanks_before_quotes = true;
    }
  }

  // The number of fields that the delimiter makes of most records; 0: of fewer than most.
  std::size_t width_by(char delimiter) const {
    Dialect tried = dialect_;
    tried.delimiter = delimiter;
    const auto [width, usual] = usual_width(records(tried));
    return usual ? width : 0;
  }
  bool separates(char delimiter) const { return width_by(delimiter) > 1; }

  // Returns whether the header has the delimiter too, or stands below a title: a text of one column may hold
  // one.
  bool heads(char delimiter) const {
    Dialect tried = dialect_;
    tried.delimiter = delimiter;
    const std::vector<Line> lines = records(tried);
    const std::string& first = lines[0].cells[0];
    return lines[0].cells.size() > 1 || first.starts_with('#') || first.find(' ') != std::string::npos ||
           lines[1].line > lines[0].line + 1;
  }

  // Detects the delimiter of the first line, unless it separates nothing in the lines below.
  void guess_delimiter_of_csv() {
    const char first = guess_delimiter(table());
    dialect_.delimiter = first;
    if (first == ',' && width_by('\t') >= std::max<std::size_t>(width_by(','), 2) && heads('\t')) {
      dialect_.delimiter = '\t';  // a comma stands within a text
    } else if (!separates(first)) {
      constexpr std::array kOthers = {',', ';', '\t', '|'};
      const auto other =
          std::ranges::find_if(kOthers, [&](char c) { return c != first && separates(c) && heads(c); });
      if (other != kOthers.end()) dialect_.delimiter = *other;
    }
    if (dialect_.delimiter == '\t') {  // GLUE's files, by another name: there a quote is text
      Dialect unquoted = dialect_;
      unquoted.quote = '\0';
      const std::vector<Line> lines = records(unquoted);
      if (usual_width(lines).second && records(dialect_).size() < lines.size()) dialect_.quote = '\0';
    }
    if (dialect_.delimiter != ',')
      note(fmt::format("fields are separated by {} (detected)", shown(dialect_.delimiter)));
  }

  // Lines of one field above a table of several: a title, or a comment.
  void skip_titles() {
    const auto [width, usual] = usual_width(sample_);
    if (width < 2 || !usual || sample_.size() < 4) return;
    std::size_t titles = 0;
    while (titles < sample_.size() && is_title(titles, width)) ++titles;
    if (titles == 0 || titles > 10) return;
    note(fmt::format("line {} is above the header, and left out: \"{}\"", sample_[0].line,
                     sample_[0].cells[0].substr(0, 40)));
    std::string_view rest = table(), line;
    while (dialect_.preamble_lines + 1 < sample_[titles].line && take_line(rest, true, line)) {
      ++dialect_.preamble_lines;
    }
    dialect_.preamble = text_.size() - rest.size();
    sample_.erase(sample_.begin(), sample_.begin() + static_cast<std::ptrdiff_t>(titles));
  }

  static bool has_one_field(const std::vector<std::string>& cells) {
    return !cells[0].empty() &&
           std::all_of(cells.begin() + 1, cells.end(), [](const auto& c) { return c.empty(); });
  }

  // Names are short, no numbers, and no values of their columns.
  bool may_be_header(std::size_t place) const {
    const std::vector<std::string>& names = sample_[place].cells;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& name = names[i];
      if (name.empty() || name.size() > 30 || name.find_first_not_of("+-0123456789.") == std::string::npos)
        return false;
      const auto has_it = [&](const Line& line) { return i < line.cells.size() && line.cells[i] == name; };
      if (std::any_of(sample_.begin() + static_cast<std::ptrdiff_t>(place) + 1, sample_.end(), has_it))
        return false;
    }
    return true;
  }

  bool is_title(std::size_t place, std::size_t width) const {
    const Line& line = sample_[place];
    if (place + 2 >= sample_.size() || line.cells.size() > width) return false;
    const Line& next = sample_[place + 1];
    if (line.cells.size() < width && line.cells[0].starts_with('#')) return true;
    if (!has_one_field(line.cells)) return false;
    const bool is_padded = line.cells.size() == width;  // as spreadsheets write it, to the width of the table
    if (is_padded && !may_be_header(place + 1)) return false;
    return next.line > line.line + 1 || line.cells[0].find(' ') != std::string::npos;
  }

  // All rows one field wider than the header: R writes their names in front, and some write a delimiter
  // behind.
  void find_surplus() {
    if (sample_.size() < 3) return;
    const std::size_t width = sample_[0].cells.size();
    bool empty = true, numbers = true;
    std::size_t previous = 0;
    for (std::size_t i = 1; i < sample_.size(); ++i) {
      const std::vector<std::string>& cells = sample_[i].cells;
      if (cells.size() != width + 1) return;
      empty = empty && cells.back().empty();
      const bool digits = !cells[0].empty() && cells[0].size() < 12 &&
                          cells[0].find_first_not_of("0123456789") == std::string::npos;
      const std::size_t number = digits ? std::stoull(cells[0]) : 0;
      numbers = numbers && digits && (i == 1 || number > previous);
      previous = number;
    }
    if (!empty && !numbers) return;
    dialect_.width = width;
    dialect_.surplus = empty ? Dialect::Surplus::empty : Dialect::Surplus::row_name;
    note(empty
             ? "rows end in a delimiter that the header lacks: their last field, which is empty, is left out"
             : "rows have a field more than the header: the first, a number of the row, is left out");
  }

  const std::string& path_;
  Format format_;
  std::string_view text_;
  std::vector<std::string>& notes_;
  bool delimiter_is_given_ = false;
  Dialect dialect_;
  std::vector<Line> sample_;
};

}  // namespace

Dialect guess_dialect(const std::string& path, Format format, char delimiter, std::string_view text,
                      std::vector<std::string>& notes) {
  return DialectGuess(path, format, delimiter, text, notes).guess();
}

}  // namespace bertune::data
