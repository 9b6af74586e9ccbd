// Tags of sentences as the entities that they spell.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/tagged/tag_scheme.h"
#include "insight/results/outcomes.h"

namespace bertune::insight {

// The scheme of this name, as data::to_string has it; `none` for others.
data::TagScheme scheme_named(const std::string& name);

struct TagsOfRow {
  std::vector<std::string_view> right, said;
};
// `results`: those of all words of the set.
TagsOfRow tags_of(const PredictionTable& table, const PredictedSet& set, std::size_t row,
                  std::span<const ClassResult> results);

// Calls use(entity, is_there, is_said) for each entity of a sentence.
void for_each_entity(const TagsOfRow& tags, data::TagScheme scheme,
                     const std::function<void(const data::Entity&, bool, bool)>& use);

}  // namespace bertune::insight
