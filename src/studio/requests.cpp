#include "studio/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"

namespace bertune::studio {

using serve::HttpResponse;
using serve::Refusal;

HttpResponse json_response(const OrderedJson& body) {
  return {.body = body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)};
}

Json body_of(const Asked& asked) {
  if (asked.request.body.empty()) return Json::object();
  try {
    return parse_json(asked.request.body, "the request");
  } catch (const Error& error) {
    throw Refusal{400, "Validation", error.what()};
  }
}

std::string text_in(const Json& body, const char* name) {
  const auto found = body.is_object() ? body.find(name) : body.end();
  if (found == body.end() || !found->is_string())
    throw Refusal{422, "Validation", fmt::format("{} must be a text", name)};
  return found->get<std::string>();
}

std::uint64_t number_in(const Json& body, const char* name) {
  const auto found = body.is_object() ? body.find(name) : body.end();
  if (found == body.end() || !found->is_number_unsigned())
    throw Refusal{422, "Validation", fmt::format("{} must be a whole number", name)};
  return found->get<std::uint64_t>();
}

// JSON that a step has written, as it is.
HttpResponse json_file(const fs::path& file) {
  constexpr std::uint64_t kMost = std::uint64_t{256} << 20;
  if (!path_exists(file)) throw Refusal{404, "NotFound", "there is no result yet"};
  return {.body = read_file(file, kMost)};
}

fs::path project_of(Studio& studio, const Asked& asked) {
  return studio.projects().folder_of(asked.parts.at(0));
}
OrderedJson settings_of(Studio& studio, const Asked& asked) {
  return studio.projects().settings(asked.parts.at(0));
}

HttpResponse download(const std::string& name, const char* type, std::function<std::string()> next,
                      std::optional<std::uint64_t> bytes) {
  HttpResponse response{
      .type = type,
      .headers = {{"Content-Disposition", fmt::format("attachment; filename=\"{}\"", name)}},
      .length = bytes};
  response.more = [next = std::move(next)]() -> std::optional<std::string> {
    std::string part = next();
    return part.empty() ? std::nullopt : std::optional(std::move(part));
  };
  return response;
}

HttpResponse send_file(const fs::path& file, const char* type) {
  constexpr std::size_t kPart = std::size_t{1} << 20;
  if (!path_exists(file)) throw Refusal{404, "NotFound", "there is no such file"};
  const auto mapped = std::make_shared<MappedFile>(file);
  const auto next = [mapped, at = std::size_t{0}]() mutable {
    std::string part(mapped->text().substr(at, kPart));
    at += part.size();
    return part;
  };
  return download(file.filename().string(), type, next, mapped->bytes().size());
}

std::string named_file(const OrderedJson& settings, const std::string& name) {
  const bool is_there = std::ranges::any_of(settings.at("files"),
                                            [&](const OrderedJson& file) { return file.at("name") == name; });
  if (!is_there) throw Refusal{404, "NotFound", "there is no such file"};
  return "data/" + name;
}

HttpResponse snapshot(Studio& studio, const Asked& asked) {
  return json_response(studio.snapshot(asked.parts.at(0)));
}

}  // namespace bertune::studio
