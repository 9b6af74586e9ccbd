// The words behind the worst mistakes of a run are found while its model is at hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "core/json.h"

namespace bertune::insight {

struct ExplainedModel {
  std::filesystem::path folder, base = {};
  std::optional<std::int64_t> max_length = {};
  std::optional<double> threshold = {};
};

// Returns what writes explanations.json into the folder of a run whose facts it is given. Without a model the
// file says that they were left out; of a task without explanations it says why there are none. What fails is
// a note, and no reason to fail.
std::function<void(const OrderedJson& facts)> finder_of_words(
    std::filesystem::path run, std::optional<ExplainedModel> model,
    std::function<void(const std::string& note)> on_note, std::stop_token stop = {});

}  // namespace bertune::insight
