#include "serve/protection.h"

#include <algorithm>

#include "core/lower_case.h"

namespace bertune::serve {
namespace {

// "example.org:8080" and "[::1]:8080" without their port.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view name) {
  return name.starts_with('[') || (!name.empty() && name.find_first_not_of("0123456789.") == name.npos);
}

bool is_this_machine(std::string_view name) {
  return name == "localhost" || name == "[::1]" || (is_address(name) && name.starts_with("127."));
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::any_of(list, [&](const std::string& one) { return lower_case(one) == text; });
}

}  // namespace

bool equal_keys(std::string_view left, std::string_view right) {
  std::size_t difference = left.size() ^ right.size();
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto other = right.empty() ? '\0' : right[i % right.size()];
    difference |= static_cast<std::size_t>(static_cast<unsigned char>(left[i] ^ other));
  }
  const volatile std::size_t result = difference;  // so that no compiler ends the loop early
  return result == 0;
}

bool has_key(const HttpRequest& request, const std::vector<std::string>& keys) {
  std::string_view given = request.header("Authorization");
  constexpr std::string_view kBearer = "bearer ";
  if (lower_case(given.substr(0, kBearer.size())) == kBearer) {
    given.remove_prefix(kBearer.size());
  } else {
    given = request.header("X-Api-Key");
  }
  bool found = false;
  for (const std::string& key : keys) found = equal_keys(given, key) || found;
  return found;
}

std::optional<Refusal> refused_key(const HttpRequest& request, const Protection& protection) {
  if (protection.keys.empty() || has_key(request, protection.keys)) return std::nullopt;
  return Refusal{401, "Unauthorized", "a key is needed: Authorization: Bearer KEY"};
}

std::optional<Refusal> refused_host(const HttpRequest& request, const Protection& protection) {
  const std::string host = lower_case(request.header("Host"));
  const std::string_view name = host_name(host);
  if (host.empty()) return Refusal{400, "Validation", "the request has no Host"};
  if (is_this_machine(name) || contains(protection.allowed_hosts, name)) return std::nullopt;
  if (!protection.is_loopback && is_address(name)) return std::nullopt;
  if (!protection.is_loopback && !protection.keys.empty() && protection.allowed_hosts.empty())
    return std::nullopt;
  return Refusal{421, "Host",
                 "this server does not answer under that name; its option `allowed_host` may add it"};
}

std::optional<Refusal> refused_origin(const HttpRequest& request, const Protection& protection) {
  const std::string origin = lower_case(request.header("Origin"));
  if (origin.empty() || contains(protection.cors_origins, origin) || contains(protection.cors_origins, "*"))
    return std::nullopt;
  const std::string host = lower_case(request.header("Host"));
  if (origin == "http://" + host || origin == "https://" + host) return std::nullopt;
  return Refusal{403, "Origin", "pages of other sites may not ask; the option `cors_origin` may allow one"};
}

Headers cors_headers(const HttpRequest& request, const Protection& protection) {
  const std::string origin = lower_case(request.header("Origin"));
  if (origin.empty()) return {};
  for (const std::string& allowed : protection.cors_origins) {
    if (allowed != "*" && lower_case(allowed) != origin) continue;
    return {{"Access-Control-Allow-Origin", allowed},
            {"Access-Control-Allow-Methods", "GET, POST"},
            {"Access-Control-Allow-Headers", "Authorization, Content-Type, X-Api-Key"},
            {"Access-Control-Expose-Headers", "x-bertune-model, x-bertune-version, x-bertune-truncated"},
            {"Access-Control-Max-Age", "600"},
            {"Vary", "Origin"}};
  }
  return {};
}

}  // namespace bertune::serve
