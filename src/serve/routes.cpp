#include "serve/routes.h"

namespace bertune::serve {
namespace {

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view part) {
  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const int high = part[i] == '%' && i + 2 < part.size() ? hex_digit(part[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(part[i + 2]) : -1;
    if (low < 0) {
      text += part[i];
    } else {
      text += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return text;
}

// The first part of a path, which loses it: "/v2/models" gives "v2".
std::string_view next_part(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  return part;
}

std::optional<Found> fit(std::string_view pattern, std::string_view path) {
  Found found;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = next_part(pattern), given = next_part(path);
    if (wanted == "{model}" && !given.empty()) {
      found.model = decoded(given);
    } else if (wanted == "{version}" && !given.empty()) {
      found.version = decoded(given);
    } else if (wanted != given) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return found;
}

std::vector<Route> collect() {
  std::vector<Route> all;
  for (const auto part : {native_routes(), explain_routes(), site_routes(), hugging_face_routes(),
                          text_embeddings_routes(), open_ai_routes(), open_inference_routes()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

std::span<const Route> all_routes() {
  static const std::vector<Route> routes = collect();
  return routes;
}

Match match(std::string_view method, std::string_view path) {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  Match match;
  for (const Route& route : all_routes()) {
    std::optional<Found> found = fit(route.path, path);
    if (!found) continue;
    match.methods.push_back(route.method);
    if (route.method != wanted) continue;
    match.route = &route;
    match.found = std::move(*found);
  }
  return match;
}

}  // namespace bertune::serve
