#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <utility>

#include "bertune/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "serve/http_server.h"

namespace bertune::serve {
namespace {

HttpResponse response_of_refusal(const Refusal& refusal, int retry_after) {
  HttpResponse response = error_response(refusal.status, refusal.kind, refusal.sentence);
  if (refusal.status == 429 || refusal.status == 503)
    response.headers.emplace_back("Retry-After", std::to_string(retry_after));
  if (refusal.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::string allow_header(const std::vector<std::string_view>& methods) {
  std::string text;
  for (const std::string_view method : methods) {
    text += (text.empty() ? "" : ", ") + std::string(method);
    if (method == "GET") text += ", HEAD";
  }
  return text;
}

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

class Waiting : public Exchange {
 public:
  void send(HttpResponse response) override {
    if (!sent_.exchange(true)) promise_.set_value(std::move(response));
  }
  bool is_gone() const override { return false; }
  HttpResponse wait() { return promise_.get_future().get(); }

 private:
  std::promise<HttpResponse> promise_;
  std::atomic<bool> sent_{false};
};

}  // namespace

Service::Service(std::vector<ModelSource> models, ServiceOptions options)
    : options_(std::move(options)),
      models_(std::move(models)),
      workers_(options_.workers),
      scheduler_(options_.scheduler, metrics_, [this](std::shared_ptr<Call> call) {
        workers_.finish([this, call = std::move(call)] { finish(call); });
      }) {}
Service::~Service() { workers_.stop(); }  // which give the scheduler work, as it gives them

int Service::retry_after() const {
  return std::clamp(static_cast<int>(std::ceil(scheduler_.wait())), 1, 120);
}

std::optional<Refusal> Service::refused(const HttpRequest& head, const Match& found) const {
  const Protection& protection = options_.protection;
  if (auto refusal = refused_host(head, protection)) return refusal;
  if (auto refusal = refused_origin(head, protection)) return refusal;
  if (head.method == "OPTIONS" && !cors_headers(head, protection).empty()) return std::nullopt;
  if (found.route == nullptr) {
    if (found.methods.empty())
      return Refusal{404, "NotFound", "there is nothing at this path; see /openapi.json"};
    return Refusal{405, "Method", fmt::format("this path answers to {}", allow_header(found.methods))};
  }
  const Route& route = *found.route;
  if (route.access == Access::admin) {
    if (protection.admin_keys.empty())
      return Refusal{403, "Forbidden", "the server was started without `admin_key_file`"};
    if (!has_key(head, protection.admin_keys))
      return Refusal{401, "Unauthorized", "this needs the admin's key"};
  } else if (route.access == Access::key) {
    if (auto refusal = refused_key(head, protection)) return refusal;
  }
  if (route.now != nullptr) return std::nullopt;
  if (drains_) return Refusal{503, "Unhealthy", "the server is ending"};
  if (route.body == nullptr) return std::nullopt;
  if (!models_.is_ready()) return Refusal{503, "Unhealthy", "the model is being loaded"};
  if (scheduler_.is_full(options_.deadline) || workers_.waiting() >= options_.max_waiting)
    return Refusal{429, "Overloaded", "too much is waiting; ask again later"};
  return std::nullopt;
}

std::optional<HttpResponse> Service::refuse(const HttpRequest& head) {
  const Match found = match(head.method, head.path);
  const Headers cors = cors_headers(head, options_.protection);
  std::optional<HttpResponse> response;
  if (const auto refusal = refused(head, found)) {
    response = response_of_refusal(*refusal, retry_after());
    if (refusal->status == 405) response->headers.emplace_back("Allow", allow_header(found.methods));
    if (refusal->status == 503) response->close = drains_;
  } else if (head.method == "OPTIONS") {
    response = HttpResponse{.status = 204};
  }
  if (!response) return std::nullopt;
  response->headers.insert(response->headers.end(), cors.begin(), cors.end());
  note_answer(*response, found.route != nullptr ? found.route->path : "", Clock::now(), nullptr);
  return response;
}

HttpResponse Service::answer_now(const HttpRequest& request, const Match& found) const {
  try {
    return found.route->now(*this, request, found.found);
  } catch (const Refusal& refusal) {
    return response_of_refusal(refusal, 1);
  }
}

void Service::answer(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  const Match found = match(request.method, request.path);
  const Clock::time_point arrived = Clock::now();
  const Route& route = *found.route;  // refuse() let it pass
  const Headers cors = cors_headers(request, options_.protection);
  if (route.now != nullptr) {
    HttpResponse response = answer_now(request, found);
    response.headers.insert(response.headers.end(), cors.begin(), cors.end());
    return send(*exchange, std::move(response), route.path, arrived, nullptr);
  }
  if (route.later != nullptr) {
    return workers_.begin([this, &route, exchange = std::move(exchange), arrived] {
      send(*exchange, route.later(*this), route.path, arrived, nullptr);
    });
  }
  const auto call = std::make_shared<Call>();
  call->route = &route;
  call->path_model = found.found.model, call->path_version = found.found.version;
  call->body = std::move(request.body);
  call->cors = cors;
  call->exchange = std::move(exchange);
  call->arrived = arrived;
  call->deadline = arrived + options_.deadline;
  workers_.begin([this, call] { prepare(call); });
}

// Tokens of each row, or why it cannot be answered.
void Service::measure_rows(Call& call) const {
  const Predictor& predictor = call.model->predictor();
  for (Row& row : call.rows) {
    try {
      row.size = predictor.size_of(row.input);
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
    call.queued_tokens += row.size.tokens;
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
    if (!scheduler_.has_room_for(*call)) {
      throw Refusal{413, "Validation",
                    fmt::format("{} tokens are too many for one request; send fewer texts at a time",
                                call->queued_tokens)};
    }
    if (!scheduler_.offer(call)) throw Refusal{429, "Overloaded", "too much is waiting; ask again later"};
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
  return response_of_refusal(*call.refusal, retry_after());
}

void Service::finish(const std::shared_ptr<Call>& call) {
  HttpResponse response = response_of(*call);
  metrics_.note_call(*call);
  const std::chrono::duration<double> took = Clock::now() - call->arrived;
  add_call_headers(response.headers, *call, took.count());
  response.headers.insert(response.headers.end(), call->cors.begin(), call->cors.end());
  send(*call->exchange, std::move(response), call->route->path, call->arrived, call.get());
}

void Service::note_answer(const HttpResponse& response, std::string_view route, Clock::time_point arrived,
                          const Call* call) {
  const std::chrono::duration<double> took = Clock::now() - arrived;
  metrics_.note_answer(route, response.status, took.count());
  if (!options_.log) return;
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  OrderedJson line = {{"time", now.count()},
                      {"route", route},
                      {"status", response.status},
                      {"ms", milliseconds(took)},
                      {"bytes", response.body.size()}};
  if (call != nullptr && call->model) {
    line["model"] = call->model->name(), line["version"] = call->model->version();
    line["rows"] = call->rows.size(), line["tokens"] = call->tokens;
    line["truncated"] = call->truncated_rows();
    line["queue_ms"] = milliseconds(call->queueing), line["compute_ms"] = milliseconds(call->computing);
  }
  options_.log(line.dump() + "\n");
}

void Service::send(Exchange& exchange, HttpResponse response, std::string_view route,
                   Clock::time_point arrived, const Call* call) {
  note_answer(response, route, arrived, call);
  exchange.send(std::move(response));
}

std::string Service::metrics_text() const {
  Metrics::Gauges gauges{.queue_tokens = scheduler_.queued_tokens(),
                         .connections = connections_ ? connections_() : 0,
                         .is_ready = is_ready()};
  for (const auto& model : models_.all())
    gauges.models.push_back({model->name(), model->version(), std::string(to_string(model->head()))});
  return metrics_.text(gauges);
}

HttpResponse answer_and_wait(Service& service, const HttpRequest& request) {
  if (auto refusal = service.refuse(request)) return *refusal;
  const auto exchange = std::make_shared<Waiting>();
  service.answer(request, exchange);
  return exchange->wait();
}

HttpResponse handle(Service& service, std::string_view bytes) {
  const std::optional<HttpRequest> request = parse_http(bytes);
  if (!request) return error_response(400, "Validation", "this is no HTTP request");
  return answer_and_wait(service, *request);
}

}  // namespace bertune::serve
