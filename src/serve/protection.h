// Protection decides who may ask: keys, hosts and origins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"

namespace bertune::serve {

struct Protection {
  std::vector<std::string> keys = {}, admin_keys = {};
  std::vector<std::string> allowed_hosts = {}, cors_origins = {};
  bool is_loopback = true;  // no other machine can reach the server
};

// Compares in a time that does not depend on where they differ.
bool equal_keys(std::string_view left, std::string_view right);

// The key of "Authorization: Bearer KEY" or "X-Api-Key: KEY" is one of these.
bool has_key(const HttpRequest& request, const std::vector<std::string>& keys);

// Refuses a request without a key, where keys are asked for.
std::optional<Refusal> refused_key(const HttpRequest& request, const Protection& protection);

// A page of another site may name this server by its own name (DNS rebinding), or send it what it likes: of
// names, only those of this machine and those that are allowed count; of addresses, any where others can
// reach the server. Where a key is asked for and no host is allowed by name, any host is.
std::optional<Refusal> refused_host(const HttpRequest& request, const Protection& protection);
std::optional<Refusal> refused_origin(const HttpRequest& request, const Protection& protection);

// Headers that let a page of an allowed origin read the answer; none for others.
Headers cors_headers(const HttpRequest& request, const Protection& protection);

}  // namespace bertune::serve
