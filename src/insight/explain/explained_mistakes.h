// The words behind the worst mistakes of a run, for its report.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "core/json.h"
#include "insight/explain/model_explainer.h"

namespace bertune::insight {

struct MistakeLimits {
  std::size_t texts = 20;    // the first of the mistakes
  std::int64_t words = 100;  // of a text
  std::chrono::duration<double> time{10};
};

// Returns the content of explanations.json (insight/results/mistake_words.h) for the mistakes of some facts:
// the same each time, as long as there is enough time. Of tasks without explanations it says why not.
OrderedJson explained_mistakes(const OrderedJson& facts, ModelExplainer& explainer,
                               const MistakeLimits& limits = {}, const std::stop_token& stop = {});

struct ExplainedModel {
  std::filesystem::path folder, base = {};
  std::optional<std::int64_t> max_length = {};
  std::optional<double> threshold = {};
};

// Returns what writes explanations.json into the folder of a run whose facts it is given. Without a model the
// file says that they were left out. What fails is a note, and no reason to fail.
std::function<void(const OrderedJson& facts)> finder_of_words(
    std::filesystem::path run, std::optional<ExplainedModel> model,
    std::function<void(const std::string& note)> on_note, std::stop_token stop = {});

}  // namespace bertune::insight
