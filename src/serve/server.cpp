#include "serve/server.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "serve/notify.h"

namespace bertune::serve {

Server::Server(const HttpOptions& http, std::vector<ModelSource> models, ServiceOptions options)
    : scheme_(http.certificate.empty() ? "http" : "https"), host_(http.host) {
  service_ = std::make_unique<Service>(std::move(models), std::move(options));
  Service& service = *service_;
  http_ = std::make_unique<HttpServer>(http, [&](const HttpRequest& head) { return service.open(head); });
  const HttpServer& bound = *http_;
  service_->set_connections([&bound] { return bound.connections(); });
}

void Server::load() {
  const bool again = service_->models().is_ready();
  if (again) notify_reloading();
  try {
    service_->load();
  } catch (...) {
    if (again) notify("READY=1");
    throw;
  }
  notify("READY=1");
}

std::string Server::url() const {
  const bool is_v6 = host_.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}", scheme_, is_v6 ? "[" + host_ + "]" : host_, http_->port());
}

bool Server::drain(std::chrono::seconds timeout, const std::function<bool()>& hurry) {
  constexpr std::chrono::milliseconds kLook{5};
  notify("STOPPING=1");
  service_->drain();
  http_->drain();
  const Clock::time_point end = Clock::now() + timeout;
  // Quiet twice: what had come when it ended is answered too.
  for (int quiet = 0; quiet < 3;) {
    if (Clock::now() >= end || hurry()) return false;
    quiet = http_->is_quiet() ? quiet + 1 : 0;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace bertune::serve
