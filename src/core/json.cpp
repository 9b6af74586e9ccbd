#include "core/json.h"

#include <fmt/format.h>

#include <cstddef>

#include "bertune/error.h"
#include "core/foreign_file.h"

namespace bertune {
namespace {

template <typename Value>
Value parse(std::string_view text, const std::string& where,
            const typename Value::parser_callback_t& callback = nullptr) {
  require_shallow_json(text, where);
  try {
    return Value::parse(text.begin(), text.end(), callback);
  } catch (const nlohmann::json::parse_error& error) {
    if (const std::string hint = foreign_file_hint(text); !text.empty() && !hint.empty())
      throw Error(fmt::format("{}: {}", where, hint));
    throw Error(fmt::format("{}: not valid JSON at byte {} of {}: {}", where, error.byte, text.size(),
                            message_of(error)));
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("{}: not valid JSON: {}", where, message_of(error)));
  }
}

}  // namespace

void require_shallow_json(std::string_view text, const std::string& where) {
  int depth = 0;
  for (std::size_t at = text.find_first_of("[]{}\""); at != text.npos;
       at = text.find_first_of("[]{}\"", at + 1)) {
    if (text[at] == '"') {  // to the end of the text in quotes
      do {
        at = text.find_first_of("\"\\", at + 1);
        if (at == text.npos) return;
      } while (text[at] == '\\' && ++at != text.npos);
      continue;
    }
    depth += text[at] == '[' || text[at] == '{' ? 1 : -1;
    if (depth > kDeepestJson)
      throw Error(fmt::format("{}: nested more than {} levels deep, at byte {}", where, kDeepestJson, at));
  }
}

std::string message_of(const Json::exception& error) {
  const std::string_view message =
      error.what();  // "[json.exception.parse_error.101] parse error at line 1: ..."
  const std::size_t end = message.find("] ");
  return std::string(end == message.npos ? message : message.substr(end + 2));
}

Json parse_json(std::string_view text, const std::string& where) { return parse<Json>(text, where); }

Json parse_json(std::string_view text, const std::string& where, const Json::parser_callback_t& callback) {
  return parse<Json>(text, where, callback);
}

OrderedJson parse_ordered_json(std::string_view text, const std::string& where) {
  return parse<OrderedJson>(text, where);
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace bertune
