#include "data/questions/question_values.h"

#include <fmt/format.h>

#include <cmath>

#include "bertune/error.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

std::int64_t answer_start(const Json& value, const std::string& where) {
  constexpr double kMost = 1e15;
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (std::isfinite(number) && std::floor(number) == number && number >= 0 && number < kMost)
    return static_cast<std::int64_t>(number);
  throw Error(
      fmt::format("{}: \"answer_start\" is {}; it must be the number of the answer's first character (code "
                  "point) in the context, from 0. A question without an answer has an empty list of answers",
                  where, value.is_structured() ? value.type_name() : value.dump().substr(0, 40)));
}

}  // namespace

const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const std::string& text_at(const Json& object, const char* key, const std::string& where) {
  const Json* value = find(object, key);
  if (value == nullptr) throw Error(fmt::format("{}: there is no \"{}\"", where, key));
  if (value->is_string()) return value->get_ref<const std::string&>();
  throw Error(
      fmt::format("{}: \"{}\" is of the type {}; it must be a string", where, key, value->type_name()));
}

void check_size(const std::string& text, std::size_t longest, std::string_view what,
                const std::string& where) {
  if (text.size() <= longest) return;
  throw Error(fmt::format("{}: {} of {} bytes; at most {} are read", where, what, text.size(), longest));
}

std::int64_t answer_start_of(const Json& value, bool may_be_negative, const std::string& where) {
  if (may_be_negative && value.is_number() && value.get<double>() < 0) return -1;
  return answer_start(value, where);
}

}  // namespace bertune::data
