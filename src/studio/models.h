// The models that a training can start from.
#pragma once

#include <filesystem>

#include "core/json.h"

namespace bertune::studio {

// [{"model": what `--model` takes, "title", "kind": "included", "cache" or "hub", "bytes", "learning_rate"}]:
// the one that comes along, those in the cache of the hub, and some that can be fetched. `included`: where
// models that come along are; none where it is no folder.
OrderedJson models_to_train(const std::filesystem::path& included);

// The folder of models beside the program, installed or in its sources; empty: there is none.
std::filesystem::path included_models(const std::filesystem::path& program);

}  // namespace bertune::studio
