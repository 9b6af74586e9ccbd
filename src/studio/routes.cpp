#include "studio/routes.h"

#include <algorithm>
#include <span>
#include <utility>

#include "studio/page.h"
#include "studio/requests.h"

namespace bertune::studio {
namespace {

using serve::HttpResponse;

// The page and its parts.

HttpResponse part(std::string_view content, const char* type) {
  return {.body = std::string(content),
          .type = type,
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
                       "connect-src 'self'; "
                       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}}};
}

template <std::string_view (*content)()>
HttpResponse script(Studio& /*studio*/, const Asked& /*asked*/) {
  return part(content(), "text/javascript; charset=utf-8");
}
HttpResponse front(Studio& /*studio*/, const Asked& /*asked*/) {
  return part(page::html(), "text/html; charset=utf-8");
}
HttpResponse style(Studio& /*studio*/, const Asked& /*asked*/) {
  return part(page::style(), "text/css; charset=utf-8");
}

const Route kPageRoutes[] = {
    {"GET", "/", front},
    {"GET", "/studio.css", style},
    {"GET", "/dom.js", script<page::dom>},
    {"GET", "/charts.js", script<page::charts>},
    {"GET", "/data.js", script<page::data>},
    {"GET", "/training.js", script<page::training>},
    {"GET", "/results.js", script<page::results>},
    {"GET", "/studio.js", script<page::studio>},
};

// The next part of a path, which loses it: "/api/models" gives "api".
std::string_view next_part(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view part = path.substr(0, end);
  path.remove_prefix(end);
  return part;
}

bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& parts) {
  parts.clear();
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = next_part(pattern), given = next_part(path);
    if (wanted == "{}" && !given.empty()) {
      parts.emplace_back(given);
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

Match match(std::string_view method, std::string_view path) {
  Match found;
  const std::string_view asked = method == "HEAD" ? "GET" : method;
  for (const std::span<const Route> routes :
       {std::span<const Route>(kPageRoutes), project_routes(), run_routes()}) {
    for (const Route& route : routes) {
      std::vector<std::string> parts;
      if (found.route != nullptr || !fits(route.path, path, parts)) continue;
      found.is_path = true;
      if (route.method != asked) continue;
      found.route = &route;
      found.parts = std::move(parts);
    }
  }
  return found;
}

}  // namespace bertune::studio
