#include "core/json.h"

#include <fmt/format.h>

#include "bertune/error.h"

namespace bertune {
namespace {

// Without the library's name for the error: "[json.exception.parse_error.101] ".
std::string_view reason_of(const nlohmann::json::exception& error) {
  std::string_view reason = error.what();
  const std::size_t end = reason.find("] ");
  if (reason.starts_with("[json.exception") && end != reason.npos) reason.remove_prefix(end + 2);
  return reason;
}

template <typename Value>
Value parse(std::string_view text, const std::string& where,
            const typename Value::parser_callback_t& callback = nullptr) {
  try {
    return Value::parse(text.begin(), text.end(), callback);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(fmt::format("{}: not valid JSON at byte {} of {}: {}", where, error.byte, text.size(),
                            reason_of(error)));
  } catch (const nlohmann::json::out_of_range& error) {
    throw Error(fmt::format("{}: not valid JSON: {}", where, reason_of(error)));
  }
}

}  // namespace

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
