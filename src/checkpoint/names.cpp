#include "checkpoint/names.h"

#include <array>
#include <charconv>

#include "checkpoint/family.h"

namespace bertune::checkpoint {
namespace {

bool strip_prefix(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() == prefix.size()) return false;
  name.remove_prefix(prefix.size());
  return true;
}

void replace_suffix(std::string& name, std::string_view from, std::string_view to) {
  if (name.ends_with(from)) name.replace(name.size() - from.size(), from.size(), to);
}

}  // namespace

std::string own_name(ModelType type, std::string_view bert) {
  const Family& family = family_of(type);
  std::string name;
  if (strip_prefix(bert, "bert.")) name = family.prefix;
  name += bert;
  for (const Rename& part : family.names) {
    const std::size_t place = name.find(part.from);
    if (place != std::string::npos) name.replace(place, part.from.size(), part.to);
  }
  return name;
}

CanonicalName canonical_name(std::string_view stored, ModelType type) {
  const Family& family = family_of(type);
  std::string_view rest = stored;
  while (strip_prefix(rest, "module.") || strip_prefix(rest, "model.") ||
         strip_prefix(rest, "0.auto_model.")) {
  }
  std::string name;
  constexpr std::array<std::string_view, 5> kBareParts = {"embeddings.", "embeddings_project.", "encoder.",
                                                          "transformer.", "pooler."};
  for (const std::string_view part : kBareParts) {
    if (rest.starts_with(part)) name = family.prefix;
  }
  name += rest;
  replace_suffix(name, "LayerNorm.gamma", "LayerNorm.weight");
  replace_suffix(name, "LayerNorm.beta", "LayerNorm.bias");
  for (const char* buffer : {"bert.embeddings.position_ids", "bert.embeddings.token_type_ids"}) {
    if (name == own_name(type, buffer)) return {name, NameKind::buffer};
  }
  for (const Rename& copy : family.tied) {
    if (name == copy.from) return {own_name(type, copy.to), NameKind::tied_copy};
  }
  return {name, NameKind::weight};
}

std::optional<std::int64_t> layer_number(std::string_view name) {
  constexpr std::string_view kBefore = ".layer.";
  const std::size_t place = name.find(kBefore);
  if (place == std::string_view::npos) return std::nullopt;
  name.remove_prefix(place + kBefore.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || number < 0 || end == name.data() + name.size() || *end != '.')
    return std::nullopt;
  return number;
}

}  // namespace bertune::checkpoint
