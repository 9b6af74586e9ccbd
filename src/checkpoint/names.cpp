#include "checkpoint/names.h"

#include <array>

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

CanonicalName canonical_name(std::string_view stored) {
  std::string_view rest = stored;
  while (strip_prefix(rest, "module.") || strip_prefix(rest, "model.")) {
  }
  std::string name;
  constexpr std::array<std::string_view, 3> kBareParts = {"embeddings.", "encoder.", "pooler."};
  for (const std::string_view part : kBareParts) {
    if (rest.starts_with(part)) name = "bert.";
  }
  name += rest;
  replace_suffix(name, "LayerNorm.gamma", "LayerNorm.weight");
  replace_suffix(name, "LayerNorm.beta", "LayerNorm.bias");
  if (name == "bert.embeddings.position_ids" || name == "bert.embeddings.token_type_ids") {
    return {name, NameKind::buffer};
  }
  if (name == "cls.predictions.decoder.weight") {
    return {"bert.embeddings.word_embeddings.weight", NameKind::tied_copy};
  }
  if (name == "cls.predictions.decoder.bias") return {"cls.predictions.bias", NameKind::tied_copy};
  return {name, NameKind::weight};
}

}  // namespace bertune::checkpoint
