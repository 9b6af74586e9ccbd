#include "data/splits/given_folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/files/text_file.h"
#include "data/texts/columns.h"

namespace bertune::data {
namespace {

constexpr std::size_t kMostFolds = 100, kLongestName = 100;  // bytes

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

class FoldReader {
 public:
  FoldReader(std::string path, Format format, const ReadOptions& options)
      : format_(format), options_(options) {
    folds_.path = std::move(path);
  }

  GivenFolds read(std::string_view text) {
    refuse_foreign_bytes(text, folds_.path);
    text.remove_prefix(byte_order_mark(text));
    std::vector<std::string> notes;  // whoever reads the rows has the same
    parser_ = make_parser(folds_.path, format_, options_.delimiter, text, notes);
    choose_column(text);
    Record record;
    while (parser_->next(text, true, record) == Parse::record) {
      const std::string name = name_in(record);
      const auto [known, is_new] = number_of_.emplace(name, static_cast<std::int64_t>(number_of_.size()));
      if (number_of_.size() > kMostFolds) refuse_identifiers(record.line);
      folds_.fold_of.push_back(known->second);
      folds_.line_of.push_back(record.line);
    }
    number_in_order();
    return std::move(folds_);
  }

 private:
  std::string where(std::int64_t line) const { return place_in(folds_.path, line); }

  // The header, the numbers of the columns, or the keys of the first objects, which may not all have every
  // one.
  std::vector<std::string> names_of_columns(std::string_view& text) {
    constexpr int kObjects = 1000;
    std::string_view rest = text;
    Record record;
    const std::unique_ptr<RecordParser> peeking = parser_->clone();
    const bool has_header = is_delimited(format_) && options_.header;
    RecordParser& parser = has_header ? *parser_ : *peeking;
    if (parser.next(rest, true, record) != Parse::record)
      throw Error(fmt::format("{}: holds no rows", folds_.path));
    if (!is_delimited(format_)) {
      for (int i = 1; i < kObjects && parser.next(rest, true, record) == Parse::record;) ++i;
      return parser.keys();
    }
    std::vector<std::string> names;
    for (const Cell& cell : record.cells)
      names.push_back(has_header ? cell_name(cell) : std::to_string(names.size() + 1));
    if (has_header) text = rest;
    return names;
  }

  void choose_column(std::string_view& text) {
    const std::vector<std::string> names = names_of_columns(text);
    const std::string& wanted = options_.fold_column;
    const int index = column_named(names, wanted);
    if (index < 0) {
      throw UsageError("fold_column",
                       fmt::format("{}: {}; the columns are {}", folds_.path,
                                   no_such_column(names, wanted, "fold_column"), quoted_list(names)));
    }
    index_ = static_cast<std::size_t>(index);
    folds_.column = names[index_];
    if (const auto count = std::ranges::count(names, folds_.column); count > 1) {
      throw Error(fmt::format("{}: {} columns are called \"{}\"; rename all but one", folds_.path, count,
                              folds_.column));
    }
    if (is_delimited(format_)) return;
    parser_->set_keys({folds_.column});
    index_ = 0;
  }

  std::string name_in(const Record& record) const {
    if (index_ >= record.cells.size()) {
      throw Error(fmt::format("{}: {} fields, so column {} (\"{}\") is missing", where(record.line),
                              record.cells.size(), index_ + 1, folds_.column));
    }
    const Cell& cell = record.cells[index_];
    if (cell.kind == CellKind::list || cell.kind == CellKind::nested) {
      throw Error(fmt::format("{}: \"{}\" is a list or an object; a fold is named by a text or a number",
                              where(record.line), folds_.column));
    }
    const bool is_empty = cell.kind == CellKind::missing || cell.kind == CellKind::null;
    std::string name = is_empty ? "" : cell_name(cell);
    if (name.empty()) {
      throw Error(fmt::format("{}: no fold (column \"{}\" is empty); each row must say which one it is in",
                              where(record.line), folds_.column));
    }
    if (name.size() > kLongestName) {
      throw UsageError(
          fmt::format("{}: column \"{}\" holds {} bytes; that looks like a text, not like a fold",
                      where(record.line), folds_.column, name.size()));
    }
    return name;
  }

  [[noreturn]] void refuse_identifiers(std::int64_t line) const {
    throw UsageError(
        fmt::format("{}: column \"{}\" has more than {} different values; it looks like an identifier, not "
                    "like a fold",
                    where(line), folds_.column, kMostFolds));
  }

  // Renumbers the folds from the order of first appearance to that of the names.
  void number_in_order() {
    if (number_of_.empty()) throw Error(fmt::format("{}: holds no rows", folds_.path));
    if (number_of_.size() == 1) {
      throw UsageError(fmt::format(
          "{}: the fold is \"{}\", and so it is in all {} rows (column \"{}\"); there must be two at least",
          where(folds_.line_of.front()), number_of_.begin()->first, folds_.fold_of.size(), folds_.column));
    }
    for (const auto& [name, number] : number_of_) folds_.names.push_back(name);
    if (std::ranges::all_of(folds_.names,
                            [](const std::string& name) { return whole_number(name).has_value(); }))
      std::ranges::stable_sort(folds_.names, {}, whole_number);
    std::vector<std::int64_t> places(folds_.names.size());
    for (std::size_t i = 0; i < folds_.names.size(); ++i)
      places[static_cast<std::size_t>(number_of_.at(folds_.names[i]))] = static_cast<std::int64_t>(i);
    for (std::int64_t& fold : folds_.fold_of) fold = places[static_cast<std::size_t>(fold)];
  }

  Format format_;
  const ReadOptions& options_;
  GivenFolds folds_;
  std::unique_ptr<RecordParser> parser_;
  std::size_t index_ = 0;                          // of the column among the cells
  std::map<std::string, std::int64_t> number_of_;  // by first appearance
};

}  // namespace

Json GivenFolds::json_name(std::int64_t fold) const {
  const bool are_numbers = std::ranges::all_of(names, [](const std::string& name) {
    const auto number = whole_number(name);
    return number && std::to_string(*number) == name;
  });
  const std::string& name = names[static_cast<std::size_t>(fold)];
  return are_numbers ? Json(*whole_number(name)) : Json(name);
}

std::vector<std::int64_t> records_of_rows(const Texts& texts, const GivenFolds& folds) {
  std::vector<std::int64_t> records;
  records.reserve(static_cast<std::size_t>(texts.size));
  std::size_t record = 0;
  for (std::int64_t row = 0; row < texts.size; ++row) {
    const std::int64_t line = texts.line(row);
    while (record < folds.line_of.size() && folds.line_of[record] < line) ++record;
    if (record == folds.line_of.size() || folds.line_of[record] != line)
      throw Error(fmt::format("{}: was changed while it was read; start again", folds.path));
    records.push_back(static_cast<std::int64_t>(record++));
  }
  return records;
}

GivenFolds read_given_folds(const fs::path& path, Format format, const ReadOptions& options) {
  const TextFile file(path, options.encoding);
  return FoldReader(path.string(), format, options).read(file.text());
}

}  // namespace bertune::data
