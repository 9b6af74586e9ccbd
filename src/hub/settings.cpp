#include "hub/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <initializer_list>

#include "bertune/error.h"
#include "core/file.h"

namespace bertune::hub {
namespace {

constexpr std::uint64_t kLongestToken = 4096;

// The first of these variables that is set and not empty.
std::string environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return {};
}

bool is_set(std::initializer_list<const char*> names) {
  std::string value = environment(names);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

fs::path expand_home(const std::string& path) {
  if (path != "~" && !path.starts_with("~/")) return path;
  return fs::path(environment({"HOME"})) / path.substr(std::min<std::size_t>(2, path.size()));
}

fs::path home_of_hugging_face() {
  if (const std::string home = environment({"HF_HOME"}); !home.empty()) return expand_home(home);
  const std::string cache = environment({"XDG_CACHE_HOME"});
  return (cache.empty() ? expand_home("~/.cache") : expand_home(cache)) / "huggingface";
}

fs::path cache_of_environment() {
  const std::string cache = environment({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE"});
  return cache.empty() ? home_of_hugging_face() / "hub" : expand_home(cache);
}

// Returns the token that `hf auth login` (once `huggingface-cli login`) leaves.
std::string stored_token() {
  if (is_set({"HF_HUB_DISABLE_IMPLICIT_TOKEN"})) return {};
  const std::string named = environment({"HF_TOKEN_PATH"});
  const fs::path path = named.empty() ? home_of_hugging_face() / "token" : expand_home(named);
  std::error_code error;
  return fs::is_regular_file(path, error) ? read_file(path, kLongestToken) : std::string();
}

std::string checked_token(std::string token) {
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  token.erase(token.begin(), std::find_if_not(token.begin(), token.end(), is_space));
  token.erase(std::find_if_not(token.rbegin(), token.rend(), is_space).base(), token.end());
  // The token becomes a line of the request.
  if (!std::all_of(token.begin(), token.end(), [](unsigned char c) { return std::isgraph(c) != 0; }))
    throw UsageError(
        "the access token of the hub holds blanks or control characters: look at HF_TOKEN, or log in again");
  return token;
}

std::string checked_endpoint(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool web = endpoint.starts_with("https://") || endpoint.starts_with("http://");
  if (!web || endpoint.find_first_of(" \t\r\n?#@") != std::string::npos) {
    throw UsageError(
        fmt::format("HF_ENDPOINT is \"{}\"; it must be the http or https address of a hub, such as "
                    "https://huggingface.co",
                    endpoint));
  }
  return endpoint;
}

std::string first_of(std::string chosen, std::string otherwise) {
  return chosen.empty() ? std::move(otherwise) : std::move(chosen);
}

}  // namespace

Settings settings_of(const HubOptions& options) {
  Settings settings;
  settings.cache_dir = fs::absolute(options.cache_dir.empty() ? cache_of_environment()
                                                              : expand_home(options.cache_dir.string()));
  settings.offline = options.offline || is_set({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"});
  settings.endpoint = checked_endpoint(
      first_of(first_of(options.endpoint, environment({"HF_ENDPOINT"})), "https://huggingface.co"));
  settings.token = checked_token(
      first_of(first_of(options.token, environment({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})), stored_token()));
  return settings;
}

}  // namespace bertune::hub
