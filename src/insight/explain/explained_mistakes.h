// The words behind the worst mistakes of a run, for its report.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>

#include "core/json.h"
#include "insight/explain/model_explainer.h"

namespace bertune::insight {

struct MistakeLimits {
  std::size_t texts = 20;    // the first of the mistakes
  std::int64_t words = 100;  // of a text
  std::chrono::duration<double> time{10};
};

// Returns the content of explanations.json (insight/results/mistake_words.h) for the mistakes of some facts:
// the same each time, as long as there is enough time. Where that is over, or the stop is asked for, it says
// so.
OrderedJson explained_mistakes(const OrderedJson& facts, ModelExplainer& explainer,
                               const MistakeLimits& limits = {}, const std::stop_token& stop = {});

}  // namespace bertune::insight
