// The table of what can be asked of the studio, below its token.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"

namespace bertune::studio {

class Studio;

struct Asked {
  serve::HttpRequest request;
  std::vector<std::string> parts;  // of the path, where the route has "{}"
};

struct Route {
  std::string_view method, path;
  serve::HttpResponse (*answer)(Studio& studio, const Asked& asked);  // throws Refusal and Error
};

struct Match {
  const Route* route = nullptr;
  std::vector<std::string> parts = {};
  bool is_path = false;  // another method has it
};
Match match(std::string_view method, std::string_view path);

}  // namespace bertune::studio
