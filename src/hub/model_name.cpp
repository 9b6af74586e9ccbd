#include "hub/model_name.h"

#include <algorithm>

namespace bertune::hub {
namespace {

constexpr std::size_t kLongestRepository = 96, kLongestRevision = 200;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_part(std::string_view part) {
  const auto end = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return !part.empty() && end(part.front()) && end(part.back()) &&
         std::all_of(part.begin(), part.end(), [&](char c) { return end(c) || c == '-' || c == '.'; });
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_repository(std::string_view text) {
  if (text.size() > kLongestRepository || contains(text, "--") || contains(text, "..") ||
      text.ends_with(".git")) {
    return false;
  }
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_name_part(text);
  return is_name_part(text.substr(0, slash)) && is_name_part(text.substr(slash + 1));
}

}  // namespace

bool is_revision(std::string_view text) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || contains("._-+/", {&c, 1}); };
  return !text.empty() && text.size() <= kLongestRevision && text.front() != '/' && text.back() != '/' &&
         text.front() != '.' && !contains(text, "..") && !contains(text, "//") && !contains(text, "/.") &&
         std::all_of(text.begin(), text.end(), allowed);
}

bool is_commit(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<ModelName> parse_model_name(std::string_view text) {
  ModelName name;
  const std::size_t at = text.find('@');
  name.repository = text.substr(0, at);
  if (at != std::string_view::npos) name.revision = text.substr(at + 1);
  if (!is_repository(name.repository) || !is_revision(name.revision)) return std::nullopt;
  return name;
}

}  // namespace bertune::hub
