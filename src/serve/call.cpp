// The way of a call: read by a worker, computed, written by a worker.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bertune/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "serve/service.h"

namespace bertune::serve {
namespace {

Json parsed_body(const std::string& body) {
  if (find_invalid_utf8(body) != std::string::npos)
    throw Refusal{400, "Validation", "the body is not valid UTF-8"};
  try {
    return parse_json(body, "the body");
  } catch (const Error& error) {
    throw Refusal{400, "Validation", error.what()};
  }
}

// Headers about what was computed; those that text-embeddings-inference has under its names.
void add_call_headers(Headers& headers, const Call& call, double seconds) {
  if (!call.model) return;
  headers.emplace_back("x-bertune-model", call.model->name());
  headers.emplace_back("x-bertune-version", call.model->version());
  if (call.rows.empty()) return;
  if (const std::int64_t cut = call.truncated_rows(); cut > 0)
    headers.emplace_back("x-bertune-truncated", std::to_string(cut));
  const auto add = [&](const char* name, std::chrono::duration<double> time) {
    headers.emplace_back(name, std::to_string(std::lround(1000 * time.count())));
  };
  headers.emplace_back("x-compute-type", "cpu");
  headers.emplace_back("x-compute-tokens", std::to_string(call.tokens));
  add("x-total-time", std::chrono::duration<double>(seconds));
  add("x-tokenization-time", call.tokenizing);
  add("x-queue-time", call.queueing);
  add("x-inference-time", call.computing);
}

std::int64_t words_of(const Call& call) {
  std::int64_t words = 0;
  for (const Row& row : call.rows) words += row.words;
  return words;
}

Refusal too_much(const Call& call) {
  if (!call.explainer) {
    return {413, "Validation",
            fmt::format("{} tokens are too many for one request; send fewer texts at a time",
                        call.queued_tokens)};
  }
  const double seconds = static_cast<double>(call.queued_tokens) / call.model->tokens_per_second();
  return {
      413, "Validation",
      fmt::format("explaining this takes about {:.0f} s, which is too much for one request; send fewer or "
                  "shorter texts at a time",
                  std::ceil(seconds))};
}

}  // namespace

Refusal overloaded() { return {429, "Overloaded", "too much is waiting; ask again later"}; }

// Tokens of each row, or why it cannot be answered.
void Service::measure_rows(Call& call) const {
  const Predictor& predictor = call.predictor();
  for (Row& row : call.rows) {
    try {
      if (call.explainer) {
        const ExplanationSize size = call.explainer->size_of(row.input);
        row.size = size.input, row.words = size.words, row.passes_tokens = size.work;
      } else {
        row.size = predictor.size_of(row.input);
      }
      row.size.windows = std::max<std::int64_t>(row.size.windows, 1);
      if (!call.options.truncate && row.size.truncated_tokens > 0) {
        row.refusal = Refusal{422, "Validation",
                              fmt::format("the text is {} tokens longer than the {} that the model reads",
                                          row.size.truncated_tokens, predictor.max_length())};
      }
    } catch (const Error& error) {
      row.refusal = Refusal{422, "Validation", error.what()};
    }
    call.tokens += row.size.tokens;
    if (row.refusal) continue;
    ++call.open;
    call.queued_tokens += row.work();
  }
}

void Service::prepare(const std::shared_ptr<Call>& call) {
  try {
    const Json body = parsed_body(std::exchange(call->body, {}));
    const Json asked = body.is_object() ? body.value("model", Json()) : Json();
    const std::string name = !call->path_model.empty() ? call->path_model
                             : asked.is_string()       ? asked.get<std::string>()
                                                       : "";
    call->model = models_.find(name);
    if (!call->model || (!call->path_version.empty() && call->path_version != call->model->version()))
      throw Refusal{404, "NotFound",
                    fmt::format("there is no model \"{}\" of that version; see /info", name)};
    if (call->route->fits != nullptr && !call->route->fits(call->model->head())) {
      throw Refusal{422, "Validation",
                    fmt::format("{} does not fit {}, which answers with {}; /v1/predict does",
                                call->route->path, call->model->name(), to_string(call->model->head()))};
    }
    require_shape(body, call->route->body(*call->model));
    call->route->read(*call, body);
    const Clock::time_point begin = Clock::now();
    measure_rows(*call);
    call->tokenizing = Clock::now() - begin;
    if (call->open == 0) return finish(call);
    if (const std::int64_t words = words_of(*call); words > kMostExplainedWords) {
      throw Refusal{413, "Validation",
                    fmt::format("a request may ask for the explanation of {} words, and this has {}",
                                kMostExplainedWords, words)};
    }
    if (!scheduler_.could_take(*call)) throw too_much(*call);
    if (!scheduler_.offer(call)) throw overloaded();
  } catch (const Refusal& refusal) {
    call->refusal = refusal;
    finish(call);
  } catch (const Error& error) {
    call->refusal = Refusal{422, "Validation", error.what()};
    finish(call);
  } catch (const std::exception&) {
    call->refusal = Refusal{500, "Backend", "the request could not be read; is there too little memory?"};
    finish(call);
  }
}

HttpResponse Service::response_of(Call& call) const {
  try {
    if (!call.refusal) return call.route->write(call);
  } catch (const Refusal& refusal) {
    call.refusal = refusal;
  } catch (const std::exception&) {
    call.refusal = Refusal{500, "Backend", "the answer could not be written; is there too little memory?"};
  }
  return response_of_refusal(*call.refusal, retry_after(call.explainer != nullptr));
}

void Service::finish(const std::shared_ptr<Call>& call) {
  scheduler_.release(*call);
  HttpResponse response = response_of(*call);
  metrics_.note_call(*call);
  const std::chrono::duration<double> took = Clock::now() - call->arrived;
  add_call_headers(response.headers, *call, took.count());
  response.headers.insert(response.headers.end(), call->cors.begin(), call->cors.end());
  send(*call->exchange, std::move(response), call->route->path, call->arrived, call.get());
}

}  // namespace bertune::serve
