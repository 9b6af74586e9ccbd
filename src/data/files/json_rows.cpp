#include "data/files/json_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "data/files/file_part.h"
#include "data/files/json_shape.h"
#include "data/files/json_text.h"

namespace bertune::data {
namespace {

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kJsonBlanks), text.size()));
  return text;
}

std::int64_t line_ends(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

std::string mended_document(std::string_view text) {
  JsonMends mends;
  std::uint64_t replaced = 0;
  return mended_json(replace_invalid_utf8(text, replaced), mends);
}

class Rewriter {
 public:
  Rewriter(const std::string& path, const JsonShape& shape) : path_(path), shape_(shape) {}

  std::string rows(std::string_view document) {
    const std::string mended = mended_document(document);
    // An object of a member a row is walked over: to parse it takes a time that grows with their square.
    if (const auto members = members_of_json(mended)) {
      if (shape_.form == JsonForm::named ? add_named(*members) : add_keyed_columns(*members))
        return std::move(text_);
    }
    const OrderedJson value = parse_ordered_json(mended, path_);
    if (shape_.form == JsonForm::columns) {
      add_columns(value);
    } else if (shape_.form == JsonForm::table) {
      add_table(value);
    }
    return std::move(text_);
  }

 private:
  void add(const OrderedJson& row) {
    text_ += row.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    text_ += '\n';
  }

  bool add_named(const std::vector<JsonMember>& rows) {
    for (const JsonMember& row : rows) add(parse_ordered_json(row.value, path_));
    return true;
  }

  // Columns that are objects of cells by their row's key; false where they are none.
  bool add_keyed_columns(const std::vector<JsonMember>& members) {
    std::vector<std::vector<JsonMember>> columns;
    for (const JsonMember& member : members) {
      auto cells = shape_.form == JsonForm::columns ? members_of_json(member.value) : std::nullopt;
      if (!cells) return false;
      columns.push_back(std::move(*cells));
      if (columns.back().size() != columns.front().size())
        fail_sizes(columns.front().size(), columns.back().size());
    }
    for (std::size_t row = 0; row < columns.front().size(); ++row) {
      const std::string_view key = columns.front()[row].name;
      std::string object;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const JsonMember& cell = columns[i][row];
        if (cell.name != key) {
          throw Error(fmt::format("{}: the column \"{}\" has the key \"{}\" where the first has \"{}\"",
                                  path_, members[i].name, cell.name, key));
        }
        object += fmt::format("{}\"{}\":{}", i == 0 ? "{" : ",", members[i].name, cell.value);
      }
      add(parse_ordered_json(object + "}", path_));
    }
    return true;
  }

  [[noreturn]] void fail_sizes(std::size_t first, std::size_t other) const {
    throw Error(
        fmt::format("{}: the columns have {} and {} rows; all must have the same", path_, first, other));
  }

  // Columns that are lists.
  void add_columns(const OrderedJson& value) {
    const OrderedJson& first = value.front();
    for (const OrderedJson& column : value)
      if (!column.is_array() || column.size() != first.size()) fail_sizes(first.size(), column.size());
    for (std::size_t row = 0; row < first.size(); ++row) {
      OrderedJson object = OrderedJson::object();
      for (auto column = value.begin(); column != value.end(); ++column)
        object[column.key()] = column.value()[row];
      add(object);
    }
  }

  void add_table(const OrderedJson& value) {
    const OrderedJson& columns = value.at("columns");
    std::int64_t number = 0;
    for (const OrderedJson& cells : value.at("data")) {
      ++number;
      if (!cells.is_array() || cells.size() != columns.size()) {
        throw Error(fmt::format("{}: row {} of \"data\" has not as many cells as there are \"columns\"",
                                path_, number));
      }
      OrderedJson object = OrderedJson::object();
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!columns[i].is_string())
          throw Error(fmt::format("{}: \"columns\" must be a list of names", path_));
        object[columns[i].get_ref<const std::string&>()] = cells[i];
      }
      add(object);
    }
  }

  const std::string& path_;
  const JsonShape& shape_;
  std::string text_;
};

}  // namespace

JsonRows::JsonRows(std::string path, std::int64_t lines_before, bool in_lines)
    : path_(std::move(path)), part_(file_part(path_).part), line_(1 + lines_before), in_lines_(in_lines) {}

void JsonRows::take(std::string_view& input, std::string_view rest, std::size_t size) {
  const std::size_t taken = input.size() - rest.size() + size;
  line_ += line_ends(input.substr(0, taken));
  input.remove_prefix(taken);
}

std::int64_t JsonRows::line_at(std::string_view input, std::string_view rest) const {
  if (by_rows_) return place_of_row(rows_ + 1);
  return line_ + line_ends(input.substr(0, input.size() - rest.size()));
}

bool JsonRows::begin(std::string_view& input, bool final) {
  shape_ = shape_of_json(input, final, path_, part_, in_lines_);
  if (!shape_) return false;
  switch (shape_->form) {
    case JsonForm::lines:
    case JsonForm::values:
      if (shape_->end == 0) break;
      input = input.substr(shape_->begin, shape_->end - shape_->begin);  // a split that is a single row
      break;
    case JsonForm::list:
      take(input, input, shape_->begin + 1);
      break;
    case JsonForm::columns:
    case JsonForm::named:
    case JsonForm::table:
      rewritten_ = std::make_shared<const std::string>(
          Rewriter(path_, *shape_).rows(input.substr(shape_->begin, shape_->end - shape_->begin)));
      input = {};
      break;
  }
  return true;
}

Parse JsonRows::next(std::string_view& input, bool final, JsonRow& row) {
  if (!shape_ && !begin(input, final)) return Parse::incomplete;
  row.number = rows_;
  Parse parse = Parse::end;
  if (rewritten_) {
    const std::string_view rest = std::string_view(*rewritten_).substr(taken_);
    if (rest.empty()) return input = {}, final ? Parse::end : Parse::incomplete;
    row.text = rest.substr(0, rest.find('\n'));
    row.line = place_of_row(rows_ + 1);
    taken_ += row.text.size() + 1;
    parse = Parse::record;
  } else if (shape_->form == JsonForm::lines) {
    parse = next_line(input, final, row);
  } else {
    parse =
        shape_->form == JsonForm::values ? next_value(input, final, row) : next_element(input, final, row);
  }
  rows_ += parse == Parse::record ? 1 : 0;
  return parse;
}

Parse JsonRows::next_line(std::string_view& input, bool final, JsonRow& row) {
  for (;;) {
    if (input.empty()) return final ? Parse::end : Parse::incomplete;
    if (!take_line(input, final, row.text)) return Parse::incomplete;
    row.line = line_++;
    if (row.text.find_first_not_of(kJsonBlanks) != std::string_view::npos) return Parse::record;
    ++blank_lines_;
  }
}

Parse JsonRows::next_value(std::string_view& input, bool final, JsonRow& row) {
  std::string_view rest = without_blanks(input);
  if (rest.starts_with(',')) rest = without_blanks(rest.substr(1));
  if (rest.empty()) {
    if (final) take(input, rest, 0);
    return final ? Parse::end : Parse::incomplete;
  }
  row.line = line_at(input, rest);
  const std::size_t end = end_of_json_value(rest, 0);
  if (end == std::string_view::npos) {
    if (!final) return Parse::incomplete;
    throw Error(
        fmt::format("{}: not valid JSON: the file ends inside the object that begins here", where(row.line)));
  }
  row.text = rest.substr(0, end);
  take(input, rest, std::max<std::size_t>(end, 1));
  return Parse::record;
}

Parse JsonRows::next_element(std::string_view& input, bool final, JsonRow& row) {
  std::string_view rest = without_blanks(input);
  if (state_ == State::between && rest.starts_with(',')) {
    rest = without_blanks(rest.substr(1));
  } else if (state_ != State::ended && rest.starts_with(']')) {
    state_ = State::ended;
    take(input, rest, 1);
    rest = without_blanks(input);
  } else if (state_ == State::between && !rest.empty()) {
    throw Error(
        fmt::format("{}: not valid JSON: expected ',' or ']' after an object", where(line_at(input, rest))));
  }
  if (state_ == State::ended) {
    if (!rest.empty() && shape_->place.empty()) {
      throw Error(
          fmt::format("{}: not valid JSON: text after the end of the array", where(line_at(input, rest))));
    }
    input = {};
    return final ? Parse::end : Parse::incomplete;
  }
  if (!rest.empty() && rest[0] != '{' && rest[0] != '[') {
    throw Error(fmt::format("{}: expected an object in the array", where(line_at(input, rest))));
  }
  const std::size_t end = end_of_json_value(rest, 0);
  if (end == std::string_view::npos && !final) return Parse::incomplete;
  if (end != std::string_view::npos && state_ == State::first) {
    const std::size_t next = rest.find_first_not_of(kJsonBlanks, end);
    const std::size_t second =
        next == std::string_view::npos ? next : rest.find_first_not_of(kJsonBlanks, next + 1);
    if (second == std::string_view::npos && !final) return Parse::incomplete;
    by_rows_ = second != std::string_view::npos && rest[next] == ',' &&
               rest.substr(0, second).find('\n') == std::string_view::npos;
  }
  row.line = line_at(input, rest);
  if (end == std::string_view::npos)
    throw Error(fmt::format("{}: the file ends inside the array", where(row.line)));
  row.text = rest.substr(0, end);
  take(input, rest, end);
  state_ = State::between;
  return Parse::record;
}

}  // namespace bertune::data
