// JSON files of any form as records: an object at a time, and never as a whole.
#include <fmt/format.h>

#include <utility>

#include "bertune/error.h"
#include "data/files/json_rows.h"
#include "data/files/json_shape.h"
#include "data/files/object_cells.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

// A list of cells as an object whose keys are their numbers from 1.
std::string numbered_cells(std::string_view list) {
  std::string object = "{";
  std::size_t at = list.find_first_not_of(kJsonBlanks, 1);
  for (std::size_t number = 1; at != std::string_view::npos && list[at] != ']'; ++number) {
    const std::size_t end = end_of_json_value(list, at);
    object += fmt::format("{}\"{}\":{}", number > 1 ? "," : "", number, list.substr(at, end - at));
    at = list.find_first_not_of(kJsonBlanks, end);
    if (at == std::string_view::npos || list[at] != ',') break;
    at = list.find_first_not_of(kJsonBlanks, at + 1);
  }
  return object + "}";
}

class JsonParser final : public RecordParser {
 public:
  JsonParser(const std::string& path, std::int64_t lines_before, bool in_lines)
      : RecordParser(path), rows_(path, lines_before, in_lines) {}

  std::unique_ptr<RecordParser> clone() const override { return std::make_unique<JsonParser>(*this); }
  std::vector<std::string> keys() const override { return object_.keys(); }
  void set_keys(const std::vector<std::string>& keys) override { object_.set_keys(keys); }

  Parse next(std::string_view& input, bool final, Record& record) override {
    JsonRow row;
    const Parse parse = rows_.next(input, final, row);
    blank_lines_ = rows_.blank_lines();
    if (parse != Parse::record) return parse;
    record.line = row.line;
    const std::string_view text = trim_blanks(row.text);
    // Lists are rows where the first row is one.
    if (row.number == 0) lists_ = text.starts_with('[') && text.ends_with(']');
    if (lists_ && text.starts_with('[') && text.ends_with(']')) {
      object_.parse(numbered_cells(text), where(record.line), record);
    } else {
      object_.parse(row.text, where(record.line), record);
    }
    return Parse::record;
  }

  // The first row says what form the file has.
  void skip(std::string_view& input, std::size_t left) override {
    const std::int64_t line = rows_.line();
    if (!begun_) {
      std::string_view front = input;
      Record record;
      if (next(front, true, record) == Parse::record && rows_.shape().form != JsonForm::lines) {
        throw Error(
            fmt::format("{}: its rows are not lines, so that it cannot be cut into shards; write JSON "
                        "Lines, an object a line",
                        path_));
      }
      begun_ = true;
    }
    rows_.set_line(line + skip_lines(input, left));
  }
  void set_line(std::int64_t line) override { rows_.set_line(line); }

 private:
  JsonRows rows_;
  ObjectCells object_;
  bool lists_ = false;
};

}  // namespace

std::unique_ptr<RecordParser> make_json_parser(std::string path, std::int64_t lines_before, bool in_lines) {
  return std::make_unique<JsonParser>(path, lines_before, in_lines);
}

}  // namespace bertune::data
