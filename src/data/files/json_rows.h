// The rows of a JSON file, whatever its form, each as the text of one value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "data/files/json_shape.h"
#include "data/files/records.h"

namespace bertune::data {

struct JsonRow {
  std::string_view text;    // one value; valid while the input is, or until the next row
  std::int64_t line = 0;    // for place_in()
  std::int64_t number = 0;  // from 0
};

class JsonRows {
 public:
  // A split of a document is asked for in the path, "data.json#train". `lines_before`: of the stream whose
  // next lines the input is. `in_lines`: as for shape_of_json().
  explicit JsonRows(std::string path, std::int64_t lines_before = 0, bool in_lines = false);

  // Takes the next row off the front of `input`, as RecordParser::next does.
  Parse next(std::string_view& input, bool final, JsonRow& row);
  std::int64_t blank_lines() const { return blank_lines_; }
  std::int64_t line() const { return line_; }  // of the front of the input
  void set_line(std::int64_t line) { line_ = line; }
  // Returns where the rows are; valid once the first was taken.
  const JsonShape& shape() const { return *shape_; }

 private:
  enum class State { first, between, ended };

  bool begin(std::string_view& input, bool final);
  Parse next_line(std::string_view& input, bool final, JsonRow& row);
  Parse next_value(std::string_view& input, bool final, JsonRow& row);
  Parse next_element(std::string_view& input, bool final, JsonRow& row);
  void rewrite(std::string_view document);
  // Moves `input` to `size` bytes into `rest`, which lies within it.
  void take(std::string_view& input, std::string_view rest, std::size_t size);
  std::int64_t line_at(std::string_view input, std::string_view rest) const;
  std::string where(std::int64_t line) const { return place_in(path_, line); }

  std::string path_, part_;
  std::int64_t line_ = 1, blank_lines_ = 0, rows_ = 0;
  std::optional<JsonShape> shape_;
  State state_ = State::first;
  bool in_lines_;
  bool by_rows_ = false;  // the list stands on one line, so that lines tell rows from one another no more
  std::shared_ptr<const std::string> rewritten_;  // of columns: a row per line
  std::size_t taken_ = 0;                         // of it
};

}  // namespace bertune::data
