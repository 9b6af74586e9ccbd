// One HTTP request through libcurl. Redirects are not followed: who follows them decides what is sent along.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hub/hub_error.h"

namespace bertune::hub {

struct HttpRequest {
  std::string url;
  std::string token = {};  // sent as "Authorization: Bearer"; empty: none
  bool head = false;
  std::uint64_t from = 0;  // the first byte that is wanted; 0: all, without a Range
};

struct HttpAnswer {
  std::string url;  // that was asked
  long status = 0;
  std::map<std::string, std::string> headers = {};  // names in lower case

  std::string header(const std::string& lower_case_name) const;  // empty where there is none
  std::optional<std::uint64_t> number(const std::string& lower_case_name) const;
  bool succeeded() const { return status >= 200 && status < 300; }
  bool redirects() const { return status >= 300 && status < 400 && !header("location").empty(); }
};

// The connection failed. `may_pass`: another attempt may find it better.
class ConnectionError : public HubError {
 public:
  ConnectionError(const std::string& message, bool may_pass)
      : HubError(Failure::unreachable, message), may_pass_(may_pass) {}
  bool may_pass() const { return may_pass_; }

 private:
  bool may_pass_;
};

// A connection that is kept open between requests to the same host. For one thread.
class HttpClient {
 public:
  explicit HttpClient(std::function<bool()> interrupted);
  ~HttpClient();

  using Body = std::function<void(const HttpAnswer& answer, std::string_view bytes)>;
  // `body` gets the contents of a 2xx answer piece by piece, and what it throws comes out here; other
  // contents are dropped. Throws ConnectionError when the connection fails or is silent for long,
  // Interrupted, and HubError for an answer with endless headers.
  HttpAnswer send(const HttpRequest& request, const Body& body = {});

 private:
  struct Transfer;
  struct Curl;
  std::unique_ptr<Curl> curl_;
  std::function<bool()> interrupted_;
};

// Returns where `location`, an absolute or relative address from an answer of `base`, leads. Throws HubError
// where that is no http(s) address, or http from https.
std::string redirect_target(const std::string& base, const std::string& location);
// Same scheme, host and port.
bool same_origin(const std::string& left, const std::string& right);
std::string host_of(const std::string& url);
// Percent-encoded, slashes too.
std::string url_quoted(std::string_view text);

}  // namespace bertune::hub
