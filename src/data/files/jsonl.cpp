// JSON Lines (an object a line) and JSON arrays of objects. An array is cut into its objects first, so that
// both are parsed an object at a time and never as a whole.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "bertune/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "data/files/object_cells.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

std::int64_t line_ends(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

class JsonLinesParser : public RecordParser {
 public:
  explicit JsonLinesParser(std::string path, std::int64_t lines_before = 0) : RecordParser(std::move(path)) {
    line_ += lines_before;
  }

  std::unique_ptr<RecordParser> clone() const override { return std::make_unique<JsonLinesParser>(*this); }
  std::vector<std::string> keys() const override { return object_.keys(); }
  void set_keys(const std::vector<std::string>& keys) override { object_.set_keys(keys); }

  Parse next(std::string_view& input, bool final, Record& record) override {
    for (;;) {
      if (input.empty()) return final ? Parse::end : Parse::incomplete;
      std::string_view line;
      if (!take_line(input, final, line)) return Parse::incomplete;
      record.line = line_++;
      if (line.find_first_not_of(kBlanks) == std::string_view::npos) {
        ++blank_lines_;
        continue;
      }
      object_.parse(line, where(record.line), record);
      return Parse::record;
    }
  }

 protected:
  ObjectCells object_;
};

class JsonArrayParser final : public JsonLinesParser {
 public:
  using JsonLinesParser::JsonLinesParser;

  std::unique_ptr<RecordParser> clone() const override { return std::make_unique<JsonArrayParser>(*this); }

  Parse next(std::string_view& input, bool final, Record& record) override {
    if (state_ == State::lines) return JsonLinesParser::next(input, final, record);
    std::string_view rest = input;
    skip_blanks(rest);
    if (state_ == State::beginning) {
      if (rest.empty()) return final ? Parse::end : Parse::incomplete;
      if (rest[0] != '[') {
        state_ = State::lines;
        return JsonLinesParser::next(input, final, record);
      }
      take(input, rest, 1);
      state_ = State::first;
      rest = input;
      skip_blanks(rest);
    }
    return next_element(input, rest, final, record);
  }

 private:
  enum class State { beginning, lines, first, between, ended };

  // Moves `input` to `size` bytes into `rest`, which lies within it.
  void take(std::string_view& input, std::string_view rest, std::size_t size) {
    const std::size_t taken = input.size() - rest.size() + size;
    line_ += line_ends(input.substr(0, taken));
    input.remove_prefix(taken);
  }

  std::int64_t line_at(std::string_view input, std::string_view rest) const {
    return line_ + line_ends(input.substr(0, input.size() - rest.size()));
  }

  Parse next_element(std::string_view& input, std::string_view rest, bool final, Record& record) {
    if (state_ == State::between && rest.starts_with(',')) {
      rest.remove_prefix(1);
      skip_blanks(rest);
    } else if (state_ != State::ended && rest.starts_with(']')) {
      state_ = State::ended;
      take(input, rest, 1);
      rest = input;
      skip_blanks(rest);
    } else if (state_ == State::between && !rest.empty()) {
      throw Error(fmt::format("{}: not valid JSON: expected ',' or ']' after an object",
                              where(line_at(input, rest))));
    }
    if (state_ == State::ended) {
      if (!rest.empty()) {
        throw Error(
            fmt::format("{}: not valid JSON: text after the end of the array", where(line_at(input, rest))));
      }
      take(input, rest, 0);
      return final ? Parse::end : Parse::incomplete;
    }
    const std::size_t size = object_size(rest);
    if (size == 0 && !rest.empty() && rest[0] != '{') {
      throw Error(fmt::format("{}: expected an object in the array", where(line_at(input, rest))));
    }
    if (size == 0 && !final) return Parse::incomplete;
    record.line = line_at(input, rest);
    if (size == 0) throw Error(fmt::format("{}: the file ends inside the array", where(record.line)));
    object_.parse(rest.substr(0, size), where(record.line), record);
    take(input, rest, size);
    state_ = State::between;
    return Parse::record;
  }

  // The size of the object at the front, by its brackets; 0 when it does not end here.
  static std::size_t object_size(std::string_view text) {
    if (!text.starts_with('{')) return 0;
    std::int64_t depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      switch (text[i]) {
        case '"':
          for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\' ? 1 : 0;
          break;
        case '{':
        case '[':
          ++depth;
          break;
        case '}':
        case ']':
          if (--depth == 0) return i + 1;
          break;
        default:
          break;
      }
    }
    return 0;
  }

  State state_ = State::beginning;
};

}  // namespace

std::unique_ptr<RecordParser> make_jsonl_parser(std::string path, std::int64_t lines_before) {
  return std::make_unique<JsonLinesParser>(std::move(path), lines_before);
}

std::unique_ptr<RecordParser> make_json_parser(std::string path) {
  return std::make_unique<JsonArrayParser>(std::move(path));
}

}  // namespace bertune::data
