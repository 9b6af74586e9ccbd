#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <future>
#include <utility>

#include "core/json.h"
#include "serve/http_server.h"

namespace bertune::serve {
namespace {

// The size that the head gives, or 0.
std::size_t body_bytes(const HttpRequest& head) {
  const std::string_view text = head.header("Content-Length");
  std::size_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

std::string allow_header(const std::vector<std::string_view>& methods) {
  std::string text;
  for (const std::string_view method : methods) {
    text += (text.empty() ? "" : ", ") + std::string(method);
    if (method == "GET") text += ", HEAD";
  }
  return text;
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

int Service::retry_after(bool explains) const {
  return std::clamp(static_cast<int>(std::ceil(scheduler_.wait(explains))), 1, 120);
}

// Returns why a request is not answered, now or ever.
std::optional<Refusal> Service::refused(const HttpRequest& head, const Match& match) const {
  const Protection& protection = options_.protection;
  if (auto refusal = refused_host(head, protection)) return refusal;
  if (auto refusal = refused_origin(head, protection)) return refusal;
  if (head.method == "OPTIONS" && !cors_headers(head, protection).empty()) return std::nullopt;
  if (match.route == nullptr) {
    if (match.methods.empty())
      return Refusal{404, "NotFound", "there is nothing at this path; see /openapi.json"};
    return Refusal{405, "Method", fmt::format("this path answers to {}", allow_header(match.methods))};
  }
  const Route& route = *match.route;
  if (route.access == Access::admin) {
    if (protection.admin_keys.empty())
      return Refusal{403, "Forbidden", "the server was started without `admin_key_file`"};
    if (!has_key(head, protection.admin_keys))
      return Refusal{401, "Unauthorized", "this needs the admin's key"};
  } else if (route.access == Access::key) {
    if (auto refusal = refused_key(head, protection)) return refusal;
  }
  return refused_for_now(head, route);
}

std::optional<Refusal> Service::refused_for_now(const HttpRequest& head, const Route& route) const {
  if (route.now != nullptr) return std::nullopt;
  if (drains_) return Refusal{503, "Unhealthy", "the server is ending"};
  if (route.body == nullptr) return std::nullopt;
  if (!models_.is_ready()) return Refusal{503, "Unhealthy", "the model is being loaded"};
  if (workers_.waiting() >= options_.max_waiting ||
      !scheduler_.has_room(body_bytes(head), Clock::now() + options_.deadline))
    return overloaded();
  return std::nullopt;
}

HttpResponse Service::refusal_response(const Refusal& refusal, const Match& match) const {
  HttpResponse response = response_of_refusal(refusal, retry_after());
  if (refusal.status == 405) response.headers.emplace_back("Allow", allow_header(match.methods));
  if (refusal.status == 503) response.close = drains_;
  return response;
}

Opened Service::open(const HttpRequest& head) {
  const Clock::time_point arrived = Clock::now();
  Match match = serve::match(head.method, head.path);
  Headers cors = cors_headers(head, options_.protection);
  std::optional<HttpResponse> response;
  if (const auto refusal = refused(head, match)) {
    response = refusal_response(*refusal, match);
  } else if (head.method == "OPTIONS") {
    response = HttpResponse{.status = 204};
  }
  if (response) {
    response->headers.insert(response->headers.end(), cors.begin(), cors.end());
    note_answer(*response, match.route != nullptr ? match.route->path : "", arrived, nullptr);
    return {.refusal = std::move(response)};
  }
  return {.answer = [this, route = match.route, found = std::move(match.found), cors = std::move(cors)](
                        HttpRequest request, std::shared_ptr<Exchange> exchange) {
    answer(*route, found, cors, std::move(request), std::move(exchange));
  }};
}

void Service::answer(const Route& route, const Found& found, const Headers& cors, HttpRequest request,
                     std::shared_ptr<Exchange> exchange) {
  const Clock::time_point arrived = Clock::now();
  const auto send_now = [&](HttpResponse response) {
    response.headers.insert(response.headers.end(), cors.begin(), cors.end());
    send(*exchange, std::move(response), route.path, arrived, nullptr);
  };
  if (route.now != nullptr) {
    try {
      return send_now(route.now(*this, request, found));
    } catch (const Refusal& refusal) {
      return send_now(response_of_refusal(refusal, 1));
    }
  }
  if (route.later != nullptr) {
    return workers_.begin([this, &route, cors, exchange = std::move(exchange), arrived] {
      HttpResponse response;
      try {
        response = route.later(*this);
      } catch (const std::exception&) {
        response = error_response(500, "Backend", "it could not be answered; is there too little memory?");
      }
      response.headers.insert(response.headers.end(), cors.begin(), cors.end());
      send(*exchange, std::move(response), route.path, arrived, nullptr);
    });
  }
  const auto call = std::make_shared<Call>();
  call->arrived = arrived;
  call->deadline = arrived + options_.deadline;
  if (!scheduler_.reserve(*call, request.body.size()))
    return send_now(response_of_refusal(overloaded(), retry_after()));
  call->route = &route;
  call->path_model = found.model, call->path_version = found.version;
  call->body = std::move(request.body);
  call->cors = cors;
  call->exchange = std::move(exchange);
  workers_.begin([this, call] { prepare(call); });
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
                         .explanation_tokens = scheduler_.explanation_tokens(),
                         .connections = connections_ ? connections_() : 0,
                         .is_ready = is_ready()};
  for (const auto& model : models_.all())
    gauges.models.push_back({model->name(), model->version(), std::string(to_string(model->head()))});
  return metrics_.text(gauges);
}

HttpResponse answer_and_wait(Service& service, const HttpRequest& request) {
  const Opened opened = service.open(request);
  if (opened.refusal) return *opened.refusal;
  const auto exchange = std::make_shared<Waiting>();
  opened.answer(request, exchange);
  return exchange->wait();
}

HttpResponse handle(Service& service, std::string_view bytes) {
  const std::optional<HttpRequest> request = parse_http(bytes);
  if (!request) return error_response(400, "Validation", "this is no HTTP request");
  return answer_and_wait(service, *request);
}

}  // namespace bertune::serve
