// One request on its way from its JSON to its answer.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bertune/explain.h"
#include "bertune/predictor.h"
#include "core/json.h"
#include "serve/http.h"
#include "serve/model.h"

namespace bertune::serve {

using Clock = std::chrono::steady_clock;

// Milliseconds with three digits behind the point, for people and logs.
inline double milliseconds(std::chrono::duration<double> time) {
  return std::round(time.count() * 1e6) / 1e3;
}

struct Route;

inline constexpr std::int64_t kMostExplainedWords = 2000;  // of a request

// The refusal of what cannot be done in time, or has no room to wait.
Refusal overloaded();

// A thing that was asked, and its answer or why there is none.
struct Row {
  Input input;
  InputSize size = {};
  std::optional<Prediction> prediction = {};
  std::optional<Explanation> explanation = {};
  std::optional<Refusal> refusal = {};
  std::int64_t words = 0, passes_tokens = 0;  // of an explanation: what all its passes compute

  // Returns the tokens that it takes to answer.
  std::int64_t work() const { return passes_tokens > 0 ? passes_tokens : size.tokens; }
};

// Options of a request besides its inputs.
struct CallOptions {
  std::optional<std::int64_t> top_k = {};
  bool truncate = true;
  std::optional<double> min_confidence = {};
  std::optional<double> threshold = {};  // of several labels
};

struct Call {
  const Route* route = nullptr;
  std::string path_model, path_version, body;  // as they were sent
  Headers cors;                                // for the answer
  std::shared_ptr<Exchange> exchange;
  std::shared_ptr<const ServedModel> model;
  std::shared_ptr<const Predictor> own_predictor = {};  // of the model's weights, with options of the request

  std::shared_ptr<Explainer> explainer = {};  // of a call that asks for explanations

  CallOptions options = {};
  std::vector<Row> rows = {};
  Json asked = {};  // what the protocol keeps of the request for its answer

  Clock::time_point arrived, deadline;
  std::chrono::duration<double> tokenizing{}, queueing{}, computing{};
  std::optional<Clock::time_point> queued_at = {}, begun_at = {};
  std::optional<Refusal> refusal = {};  // of the whole

  std::size_t text_bytes = 0;  // of all rows (count_text)

  // The scheduler's: rows before `next` were taken, and `open` are without an answer. The tokens that are
  // reserved were estimated from the bytes of the body.
  std::size_t next = 0, open = 0, bytes = 0;
  std::int64_t tokens = 0, queued_tokens = 0, reserved_tokens = 0;

  const Predictor& predictor() const { return own_predictor ? *own_predictor : model->predictor(); }

  std::int64_t truncated_rows() const {
    std::int64_t count = 0;
    for (const Row& row : rows) count += row.size.truncated_tokens > 0 ? 1 : 0;
    return count;
  }
};

}  // namespace bertune::serve
