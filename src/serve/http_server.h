// HTTP/1.1 on a port, by one thread that never computes. All of Boost is behind this interface, in one file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http.h"

namespace bertune::serve {

struct HttpLimits {
  std::size_t header_bytes = 8192, body_bytes = 2'000'000;
  std::chrono::seconds header_time{10};  // for all of a header, and before a body's rate counts
  std::size_t body_rate = 1000;          // bytes a second of a body, after that time
  std::chrono::seconds idle_time{60};  // of a connection between requests, and of a client that reads nothing
  std::size_t connections = 4096;
};

struct HttpOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any that is free
  HttpLimits limits = {};
  std::filesystem::path certificate = {}, private_key = {};  // PEM; of TLS, where they are given
};

class HttpServer {
 public:
  // Called for each request when its head has come, on the server's thread, as is the answer's function.
  using Open = std::function<Opened(const HttpRequest& head)>;

  // Listens. Throws Error where the address is taken or is none, and for files of TLS that cannot be used.
  HttpServer(const HttpOptions& options, Open open);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // closes all connections

  std::uint16_t port() const;
  std::size_t connections() const;
  // Lets each answer after this call close its connection.
  void drain();
  // No request is being read in part, computed, or answered: what came was answered.
  bool is_quiet() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// Returns whether no other machine can reach a server of this `host`. Throws Error where it is no address.
bool is_loopback(const std::string& host);

// The request that these bytes are; none where they are no whole one. Needs no network.
std::optional<HttpRequest> parse_http(std::string_view bytes, const HttpLimits& limits = {});

}  // namespace bertune::serve
