#include "checkpoint/config_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "bertune/error.h"
#include "checkpoint/untrusted.h"

namespace bertune::checkpoint {
namespace {

constexpr std::int64_t kMaxLabels = 1'000'000;

std::int64_t label_id(const std::string& key, const std::string& where) {
  const bool digits = !key.empty() && key.size() <= 7 &&
                      std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) {
    throw Error(fmt::format("{}: \"id2label\" has the key {}; expected label ids \"0\", \"1\", ... below {}",
                            where, in_quotes(key), kMaxLabels));
  }
  return std::stoll(key);
}

std::vector<std::string> default_labels(std::int64_t count) {
  std::vector<std::string> labels;
  for (std::int64_t id = 0; id < count; ++id) labels.push_back(fmt::format("LABEL_{}", id));
  return labels;
}

}  // namespace

const Json* ConfigReader::find(const char* key) const {
  if (key == nullptr) return nullptr;
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

bool ConfigReader::is_null(const char* key) const {
  const auto found = json_.find(key);
  return found != json_.end() && found->is_null();
}

void ConfigReader::fail(const char* key, const Json& value, std::string_view expected) const {
  std::string shown = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (shown.size() > 80) shown = shown.substr(0, 80) + "...";
  throw Error(fmt::format("{}: \"{}\" is {}; expected {}", where_, key, shown, expected));
}

void ConfigReader::read(const char* key, std::int64_t& target, std::int64_t least, std::int64_t most) const {
  const Json* value = find(key);
  if (value == nullptr) return;
  const std::string expected = fmt::format("a whole number from {} to {}", least, most);
  if (!value->is_number_integer()) fail(key, *value, expected);
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail(key, *value, expected);
  }
  const auto number = value->get<std::int64_t>();
  if (number < least || number > most) fail(key, *value, expected);
  target = number;
}

void ConfigReader::read_probability(const char* key, float& target) const {
  constexpr std::string_view kExpected = "a probability p with 0 <= p < 1";
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_number()) fail(key, *value, kExpected);
  const auto number = value->get<double>();
  const auto narrowed = static_cast<float>(number);
  if (!(number >= 0 && narrowed < 1)) fail(key, *value, kExpected);
  target = narrowed;
}

void ConfigReader::read_nonnegative(const char* key, float& target) const {
  constexpr std::string_view kExpected = "a number from 0 to 1000";
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_number()) fail(key, *value, kExpected);
  const auto number = value->get<double>();
  if (!(number >= 0 && number <= 1000)) fail(key, *value, kExpected);
  target = static_cast<float>(number);
}

std::optional<std::string> ConfigReader::read_choice(const char* key,
                                                     std::span<const std::string_view> choices) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::string expected = fmt::format("one of {}", fmt::join(choices, ", "));
  if (!value->is_string()) fail(key, *value, expected);
  const auto& text = value->get_ref<const std::string&>();
  if (std::find(choices.begin(), choices.end(), text) == choices.end()) fail(key, *value, expected);
  return text;
}

void ConfigReader::read_flag(const char* key, bool& target) const {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) fail(key, *value, "true or false");
  target = value->get<bool>();
}

void ConfigReader::refuse_true(const char* key, std::string_view reason) const {
  const Json* value = find(key);
  if (value == nullptr || *value == false) return;
  throw Error(fmt::format("{}: \"{}\" is not false: {}", where_, key, reason));
}

std::vector<std::string> read_labels(const ConfigReader& reader, const std::string& where) {
  const Json* map = reader.find("id2label");
  if (map == nullptr || (map->is_object() && map->empty())) {
    std::int64_t count = 2;
    reader.read("num_labels", count, 1, kMaxLabels);
    return default_labels(count);
  }
  if (!map->is_object())
    reader.fail("id2label", *map, "an object such as {\"0\": \"negative\", \"1\": \"positive\"}");
  const std::size_t count = map->size();
  std::vector<std::string> labels(count);
  std::vector<bool> seen(count, false);
  for (const auto& [key, label] : map->items()) {
    const auto id = static_cast<std::size_t>(label_id(key, where));
    if (id >= count || seen[id]) {
      throw Error(fmt::format("{}: \"id2label\" has {} entries, but its ids are not 0 to {} (see id {})",
                              where, count, count - 1, id));
    }
    seen[id] = true;
    if (!label.is_string() && !label.is_number_integer())
      reader.fail("id2label", label, "a text for every label");
    labels[id] = label.is_string() ? label.get<std::string>() : label.dump();
  }
  return labels;
}

}  // namespace bertune::checkpoint
