#include "data/tagged/tagged_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace bertune::data {
namespace {

bool has_any(const Json& object, std::initializer_list<std::string_view> keys) {
  return std::ranges::any_of(keys, [&](std::string_view key) { return object.contains(key); });
}

bool is_entity(const Json& value) {
  if (value.is_array()) {
    return value.size() == 3 && value[0].is_number_integer() && value[1].is_number_integer() &&
           value[2].is_string();
  }
  return value.is_object() && has_any(value, {"start", "start_offset", "begin"}) &&
         has_any(value, {"end", "end_offset"});
}

// Snips' segments of a text, of which some are entities.
Json row_of_segments(const Json& segments) {
  std::string text;
  std::int64_t end = 0;  // in code points
  Json entities = Json::array();
  for (const Json& segment : segments) {
    const std::string& part = segment["text"].get_ref<const std::string&>();
    const std::int64_t begin = end;
    end += std::ranges::count_if(part, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    text += part;
    const auto entity = segment.find("entity");
    if (entity != segment.end() && entity->is_string() && end > begin)
      entities.push_back({begin, end, *entity});
  }
  return {{"text", std::move(text)}, {"entities", std::move(entities)}};
}

bool are_segments(const Json& value) {
  return value.is_array() && !value.empty() && std::ranges::all_of(value, [](const Json& segment) {
           return segment.is_object() && segment.contains("text") && segment["text"].is_string();
         });
}

// CLUENER's {"name": {"the text": [[first, last]]}}, with the place of the last character.
std::optional<Json> entities_by_type(const Json& types) {
  if (!types.is_object()) return std::nullopt;
  Json entities = Json::array();
  for (const auto& [type, texts] : types.items()) {
    if (!texts.is_object()) return std::nullopt;
    for (const Json& places : texts) {
      if (!places.is_array()) return std::nullopt;
      for (const Json& place : places) {
        const bool fits = place.is_array() && place.size() == 2 && place[0].is_number_unsigned() &&
                          place[1].is_number_unsigned() && place[1].get<std::uint64_t>() < UINT32_MAX;
        if (!fits) return std::nullopt;
        entities.push_back({place[0], place[1].get<std::uint64_t>() + 1, type});
      }
    }
  }
  return entities;
}

}  // namespace

const Json* find_key(const Json& row, std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    const auto found = row.find(key);
    if (found != row.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

Json plain_row(Json row) {
  if (row.is_array() && row.size() == 2 && row[0].is_string() && row[1].is_object()) {
    Json plain = std::move(row[1]);
    plain["text"] = std::move(row[0]);
    return plain;
  }
  if (!row.is_object()) return row;
  const auto data = row.find("data"), annotations = row.find("annotations"), label = row.find("label");
  if (data != row.end() && are_segments(*data)) return row_of_segments(*data);
  if (label != row.end() && row.contains("text")) {
    std::optional<Json> entities = entities_by_type(*label);
    if (entities) row["label"] = std::move(*entities);
  }
  if (data == row.end() || !data->is_object() || !data->contains("text")) return row;
  Json plain = {{"text", (*data)["text"]}};
  if (annotations == row.end() || !annotations->is_array()) return plain;
  plain["entities"] = Json::array();
  if (annotations->empty() || !annotations->front().is_object()) return plain;
  const Json results = annotations->front().value("result", Json::array());
  for (const Json& result : results) {
    if (result.is_object() && result.contains("value")) plain["entities"].push_back(result["value"]);
  }
  return plain;
}

bool are_tokens(const Json& value) {
  return value.is_array() && std::ranges::all_of(value, [](const Json& token) {
           return token.is_string() || (token.is_object() && token.contains("text"));
         });
}

bool are_entities(const Json& value) { return value.is_array() && std::ranges::all_of(value, is_entity); }

std::string tagged_row(const Json& given) {
  const Json row = plain_row(given);
  if (!row.is_object()) return "";
  const Json* tokens = find_key(row, kTokenKeys);
  const bool of_texts =
      tokens != nullptr && are_tokens(*tokens) && !tokens->empty() && tokens->front().is_string();
  if (of_texts) {
    for (const std::string_view key : kTagKeys) {
      const auto tags = row.find(key);
      if (tags == row.end() || !tags->is_array() || tags->size() != tokens->size()) continue;
      return fmt::format("rows hold a list of words and as many \"{}\"", key);
    }
  }
  const Json* text = find_key(row, kTagTextKeys);
  if (text == nullptr || !text->is_string()) return "";
  for (const std::string_view key : kEntityKeys) {
    const auto entities = row.find(key);
    if (entities == row.end() || !are_entities(*entities)) continue;
    return entities->empty() ? "?" : fmt::format("rows hold a text and the places of \"{}\" in it", key);
  }
  return "";
}

bool holds_words(const Json& given) {
  const Json row = plain_row(given);
  if (!row.is_object()) return false;
  const Json* tokens = find_key(row, kTokenKeys);
  if (tokens != nullptr && are_tokens(*tokens)) return true;
  const Json* text = find_key(row, kTagTextKeys);
  return text != nullptr && text->is_string() && std::ranges::any_of(kEntityKeys, [&](std::string_view key) {
           const auto entities = row.find(key);
           return entities != row.end() && are_entities(*entities);
         });
}

}  // namespace bertune::data
