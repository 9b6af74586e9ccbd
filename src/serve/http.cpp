#include "serve/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/json.h"
#include "core/lower_case.h"

namespace bertune::serve {
namespace {

bool equal_names(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](char one, char other) { return lower_case(one) == lower_case(other); });
}

constexpr std::array<std::pair<int, std::string_view>, 19> kReasons = {
    {{200, "OK"},
     {204, "No Content"},
     {400, "Bad Request"},
     {401, "Unauthorized"},
     {403, "Forbidden"},
     {404, "Not Found"},
     {405, "Method Not Allowed"},
     {408, "Request Timeout"},
     {409, "Conflict"},
     {413, "Content Too Large"},
     {421, "Misdirected Request"},
     {422, "Unprocessable Content"},
     {429, "Too Many Requests"},
     {431, "Request Header Fields Too Large"},
     {500, "Internal Server Error"},
     {501, "Not Implemented"},
     {503, "Service Unavailable"},
     {504, "Gateway Timeout"},
     {507, "Insufficient Storage"}}};

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [&](const auto& header) { return equal_names(header.first, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

HttpResponse error_response(int status, std::string_view kind, std::string_view sentence) {
  const OrderedJson body = {{"error", sentence}, {"error_type", kind}};
  return {.status = status, .body = body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)};
}

HttpResponse response_of_refusal(const Refusal& refusal, int retry_after) {
  HttpResponse response = error_response(refusal.status, refusal.kind, refusal.sentence);
  if (refusal.status == 429 || refusal.status == 503)
    response.headers.emplace_back("Retry-After", std::to_string(retry_after));
  if (refusal.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::string_view reason_of(int status) {
  const auto found = std::ranges::find(kReasons, status, &std::pair<int, std::string_view>::first);
  return found == kReasons.end() ? "Status" : found->second;
}

std::string head_of(const HttpResponse& response, bool close, bool has_body) {
  std::array<char, 32> date{};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nX-Content-Type-Options: nosniff\r\n",
                                 response.status, reason_of(response.status), date.data());
  if (has_body) head += fmt::format("Content-Type: {}\r\n", response.type);
  const std::optional<std::uint64_t> length = response.more ? response.length : response.body.size();
  if (has_body && length) head += fmt::format("Content-Length: {}\r\n", *length);
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  head += close ? "Connection: close\r\n\r\n" : "\r\n";
  return head;
}

}  // namespace bertune::serve
