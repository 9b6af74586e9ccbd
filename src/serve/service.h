// Requests in, answers out, whatever carries them.
//
//     request -> worker: JSON, rows, tokens -> scheduler: predictions -> worker: JSON -> answer
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serve/call.h"
#include "serve/http.h"
#include "serve/metrics.h"
#include "serve/model.h"
#include "serve/protection.h"
#include "serve/routes.h"
#include "serve/scheduler.h"
#include "serve/workers.h"

namespace bertune::serve {

struct ServiceOptions {
  SchedulerOptions scheduler = {};
  Protection protection = {};
  std::chrono::milliseconds deadline{30000};  // of a request, what it waits included
  std::size_t max_waiting = 512;              // requests that no worker has begun
  int workers = 2;
  bool has_page = true;
  std::function<void(std::string line)> log = {};  // a JSON object a request, without texts; any thread
};

class Service {
 public:
  Service(std::vector<ModelSource> models, ServiceOptions options);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  // The models, for the first time or again (Models::load). Requests are answered meanwhile.
  void load() { models_.load(); }
  // From now on requests to compute are refused.
  void drain() { drains_ = true; }

  // Decides by the head of a request. Any thread.
  Opened open(const HttpRequest& head);

  bool is_ready() const { return models_.is_ready() && !drains_; }
  const Models& models() const { return models_; }
  const ServiceOptions& options() const { return options_; }
  std::string metrics_text() const;
  void set_connections(std::function<std::size_t()> count) { connections_ = std::move(count); }

 private:
  std::optional<Refusal> refused(const HttpRequest& head, const Match& match) const;
  std::optional<Refusal> refused_for_now(const HttpRequest& head, const Route& route) const;
  HttpResponse refusal_response(const Refusal& refusal, const Match& match) const;
  void answer(const Route& route, const Found& found, const Headers& cors, HttpRequest request,
              std::shared_ptr<Exchange> exchange);
  void prepare(const std::shared_ptr<Call>& call);
  void measure_rows(Call& call) const;
  void finish(const std::shared_ptr<Call>& call);
  HttpResponse response_of(Call& call) const;
  void send(Exchange& exchange, HttpResponse response, std::string_view route, Clock::time_point arrived,
            const Call* call);
  void note_answer(const HttpResponse& response, std::string_view route, Clock::time_point arrived,
                   const Call* call);
  int retry_after(bool explains = false) const;

  ServiceOptions options_;
  Models models_;
  Metrics metrics_;
  std::function<std::size_t()> connections_;
  std::atomic<bool> drains_{false};
  Workers workers_;
  Scheduler scheduler_;
};

// The answer to a request, waited for.
HttpResponse answer_and_wait(Service& service, const HttpRequest& request);
// The same of bytes as a connection brings them; 400 where they are no whole request. Needs no network.
HttpResponse handle(Service& service, std::string_view bytes);

}  // namespace bertune::serve
