#include "data/files/python_literal.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/utf8.h"
#include "data/files/json_text.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

constexpr int kDeepestLiteral = 32;

class PythonParser {
 public:
  PythonParser(std::string_view text, bool numpy) : text_(text), numpy_(numpy) {}

  std::optional<Json> parse() {
    std::optional<Json> result = value(0);
    skip();
    return text_.empty() ? result : std::nullopt;
  }

 private:
  void skip() {
    const std::size_t begin = text_.find_first_not_of(" \t\r\n");
    text_.remove_prefix(begin == text_.npos ? text_.size() : begin);
  }
  bool take(std::string_view what) {
    skip();
    if (!text_.starts_with(what)) return false;
    text_.remove_prefix(what.size());
    return true;
  }

  std::optional<Json> value(int depth) {
    skip();
    if (text_.empty() || depth > kDeepestLiteral) return std::nullopt;
    switch (text_[0]) {
      case '[':
        return list(']', depth);
      case '(':
        return list(')', depth);
      case '{':
        return dictionary(depth);
      case '\'':
      case '"':
        return string();
      default:
        return word(depth);
    }
  }

  std::optional<Json> list(char end, int depth) {
    text_.remove_prefix(1);
    const std::string_view close(&end, 1);
    Json result = Json::array();
    while (!take(close)) {
      std::optional<Json> element = value(depth + 1);
      if (!element) return std::nullopt;
      result.push_back(std::move(*element));
      if (take(",")) continue;
      skip();
      if (!text_.starts_with(end) && !numpy_) return std::nullopt;
    }
    return result;
  }

  std::optional<Json> dictionary(int depth) {
    text_.remove_prefix(1);
    Json result = Json::object();
    while (!take("}")) {
      const std::optional<Json> key = value(depth + 1);
      if (!key || !key->is_string() || !take(":")) return std::nullopt;
      std::optional<Json> element = value(depth + 1);
      if (!element) return std::nullopt;
      result[key->get_ref<const std::string&>()] = std::move(*element);
      if (take(",")) continue;
      skip();
      if (!text_.starts_with('}')) return std::nullopt;
    }
    return result;
  }

  std::optional<Json> string() {
    const char quote = text_[0];
    std::string result;
    for (text_.remove_prefix(1); !text_.empty();) {
      const char next = text_[0];
      text_.remove_prefix(1);
      if (next == quote) return Json(std::move(result));
      if (next != '\\') {
        result += next;
      } else if (!escape(result)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  bool escape(std::string& result) {
    if (text_.empty()) return false;
    const char next = text_[0];
    text_.remove_prefix(1);
    switch (next) {
      case 'n':
        result += '\n';
        return true;
      case 't':
        result += '\t';
        return true;
      case 'r':
        result += '\r';
        return true;
      case 'x':
        return code_point(2, result);
      case 'u':
        return code_point(4, result);
      case 'U':
        return code_point(8, result);
      case '\'':
      case '"':
      case '\\':
        result += next;
        return true;
      default:
        result += '\\', result += next;
        return true;
    }
  }

  bool code_point(std::size_t digits, std::string& result) {
    std::uint32_t value = 0;
    if (text_.size() < digits) return false;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + digits, value, 16);
    if (error != std::errc() || end != text_.data() + digits) return false;
    const bool valid = value < 0x110000 && (value < 0xD800 || value > 0xDFFF);
    append_utf8(result, valid ? static_cast<char32_t>(value) : U'\uFFFD');
    text_.remove_prefix(digits);
    return true;
  }

  std::optional<Json> word(int depth) {
    const std::size_t size = std::min(text_.find_first_of("([{}]),:'\" \t\r\n"), text_.size());
    const std::string_view name = text_.substr(0, size);
    text_.remove_prefix(size);
    if (name == "True") return Json(true);
    if (name == "False") return Json(false);
    if (name == "None" || name == "nan") return Json(nullptr);
    if (name == "array" && take("(")) {  // of numpy: array([...], dtype=object)
      std::optional<Json> result = value(depth + 1);
      const std::size_t end = text_.find(')');
      if (end == text_.npos) return std::nullopt;
      text_.remove_prefix(end + 1);
      return result;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) return Json(number);
    double real = 0;
    const auto [stop, fault] = std::from_chars(name.data(), name.data() + name.size(), real);
    if (!name.empty() && fault == std::errc() && stop == name.data() + name.size()) return Json(real);
    return std::nullopt;
  }

  std::string_view text_;
  bool numpy_;
};

}  // namespace

std::optional<Json> parse_python_literal(std::string_view text, bool numpy) {
  return PythonParser(text, numpy).parse();
}

std::optional<Json> parse_cell_value(std::string_view text, bool numpy) {
  const std::string_view trimmed = trim_blanks(text);
  if (!trimmed.starts_with('[') && !trimmed.starts_with('{') && !trimmed.starts_with('('))
    return std::nullopt;
  try {
    JsonMends mends;
    return parse_json_row(trimmed, "", mends);
  } catch (const Error&) {
    return parse_python_literal(trimmed, numpy);
  }
}

}  // namespace bertune::data
