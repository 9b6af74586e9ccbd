#include "core/json.h"

#include <fmt/format.h>

#include "bertune/error.h"

namespace bertune {
namespace {

template <typename Value>
Value parse(std::string_view text, const std::string& where) {
  try {
    return Value::parse(text.begin(), text.end());
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(
        fmt::format("{}: not valid JSON at byte {} of {}: {}", where, error.byte, text.size(), error.what()));
  }
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where) { return parse<Json>(text, where); }

OrderedJson parse_ordered_json(std::string_view text, const std::string& where) {
  return parse<OrderedJson>(text, where);
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace bertune
