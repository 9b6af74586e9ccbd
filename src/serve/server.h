// Models on a port.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "serve/http_server.h"
#include "serve/service.h"

namespace bertune::serve {

class Server {
 public:
  // Listens: health is answered from here on, and the rest when load() has returned.
  Server(const HttpOptions& http, std::vector<ModelSource> models, ServiceOptions options);

  // The models, for the first time or again. Throws Error, and what was served is served on.
  void load();
  std::string url() const;  // "http://127.0.0.1:8080"
  // Takes no more requests to compute, and returns when all that were taken are answered: true; or when
  // `timeout` has passed, or `hurry` says so: false.
  bool drain(std::chrono::seconds timeout, const std::function<bool()>& hurry);

 private:
  std::string scheme_, host_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<HttpServer> http_;  // which gives the service its requests, and so ends before it
};

}  // namespace bertune::serve
