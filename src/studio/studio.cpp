#include "studio/studio.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "serve/protection.h"
#include "studio/corrections.h"
#include "studio/routes.h"
#include "studio/steps.h"

namespace bertune::studio {
namespace {

using serve::HttpRequest;
using serve::HttpResponse;
using serve::Refusal;

constexpr int kWorkers = 4;

// Takes "/TOKEN" off the front of a path. Returns whether it was the right one.
bool take_token(std::string_view& path, const std::string& token) {
  if (!path.starts_with('/')) return false;
  const std::size_t end = std::min(path.find('/', 1), path.size());
  if (!serve::equal_keys(path.substr(1, end - 1), token)) return false;
  path.remove_prefix(end);
  return true;
}

HttpResponse without_token() {
  return {.status = 403,
          .body = "This page needs the whole link that \"bertune studio\" has printed.\n",
          .type = "text/plain; charset=utf-8"};
}

HttpResponse answer_of(const Route& route, Studio& studio, const Asked& asked) {
  try {
    return route.answer(studio, asked);
  } catch (const Refusal& refusal) {
    return serve::response_of_refusal(refusal, 1);
  } catch (const std::system_error& error) {
    return serve::error_response(500, "Backend", error.what());
  } catch (const Json::exception& error) {
    return serve::error_response(422, "Validation", message_of(error));
  } catch (const Error& error) {
    return serve::error_response(422, "Validation", error.what());
  } catch (const std::exception&) {
    return serve::error_response(500, "Backend", "it could not be done; is there too little memory?");
  }
}

void protect(HttpResponse& response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  const bool has_policy = std::ranges::any_of(
      response.headers, [](const auto& header) { return header.first == "Content-Security-Policy"; });
  if (!has_policy)
    response.headers.emplace_back("Content-Security-Policy",
                                  "default-src 'none'; frame-ancestors 'none'; sandbox");
}

std::uint64_t bytes_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(file, error);
  return error ? 0 : bytes;
}

// The state of a job that may not be possible yet.
template <typename Make>
OrderedJson state_of(Jobs& jobs, const fs::path& project, const Make& make) {
  try {
    return jobs.state(project, make());
  } catch (const Refusal&) {
    return {{"state", "none"}};
  }
}

}  // namespace

Studio::Studio(StudioOptions options)
    : options_(std::move(options)),
      projects_(options_.projects),
      uploads_(projects_),
      jobs_(options_.program),
      runs_(options_.program),
      services_(options_.program),
      workers_(kWorkers) {
  for (const std::string& id : projects_.ids()) {
    remove_left_pieces(projects_.folder_of(id));
    runs_.resume_unfinished(projects_.folder_of(id));
  }
}

Studio::~Studio() { workers_.stop(); }

serve::Opened Studio::open(const HttpRequest& head) {
  const serve::Protection protection;  // of the loopback, for nobody else
  const auto refused = [](HttpResponse response) {
    protect(response);
    return serve::Opened{.refusal = std::move(response)};
  };
  if (const auto refusal = serve::refused_host(head, protection))
    return refused(serve::response_of_refusal(*refusal, 1));
  if (const auto refusal = serve::refused_origin(head, protection))
    return refused(serve::response_of_refusal(*refusal, 1));
  std::string_view path = head.path;
  if (!take_token(path, options_.token)) return refused(without_token());
  Match found = match(head.method, path);
  if (found.route == nullptr) {
    const int status = found.is_path ? 405 : 404;
    return refused(serve::error_response(status, "NotFound", "there is nothing at this address"));
  }
  return {.answer = [this, route = found.route, parts = std::move(found.parts)](
                        HttpRequest request, std::shared_ptr<serve::Exchange> exchange) {
    workers_.begin([this, route, asked = Asked{std::move(request), parts}, exchange = std::move(exchange)] {
      HttpResponse response = answer_of(*route, *this, asked);
      protect(response);
      exchange->send(std::move(response));
    });
  }};
}

bool Studio::has_running() {
  return std::ranges::any_of(
      projects_.ids(), [&](const std::string& id) { return runs_.is_running(projects_.folder_of(id)); });
}

OrderedJson Studio::snapshot(const std::string& project) {
  const fs::path folder = projects_.folder_of(project);
  const OrderedJson settings = projects_.settings(project);
  OrderedJson files = OrderedJson::array();
  for (const OrderedJson& file : settings.at("files")) {
    const std::string name = file.at("name").get<std::string>();
    files.push_back({{"name", name}, {"role", file.at("role")}, {"bytes", bytes_of(folder / "data" / name)}});
  }
  OrderedJson shown = {
      {"id", project}, {"folder", folder.string()}, {"settings", settings}, {"files", std::move(files)}};
  shown["jobs"] = {{"check", state_of(jobs_, folder, [&] { return check_job(settings); })},
                   {"plan", state_of(jobs_, folder, [&] { return plan_job(folder, settings); })},
                   {"noise", state_of(jobs_, folder, [&] { return noise_job(settings); })}};
  shown["runs"] = runs_.all(folder);
  shown["service"] = services_.state(folder);
  shown["corrections"] = bytes_of(folder / kCorrections) > 0;
  return shown;
}

}  // namespace bertune::studio
