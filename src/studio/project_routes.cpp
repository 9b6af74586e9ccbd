// Projects, their files, and what is found in them.
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "core/file.h"
#include "core/writing.h"
#include "studio/corrected_data.h"
#include "studio/corrections.h"
#include "studio/models.h"
#include "studio/preview.h"
#include "studio/requests.h"
#include "studio/steps.h"

namespace bertune::studio {
namespace {

using serve::HttpResponse;
using serve::Refusal;

// Projects.

HttpResponse overview(Studio& studio, const Asked& /*asked*/) {
  OrderedJson list = OrderedJson::array();
  for (const std::string& id : studio.projects().ids()) {
    try {
      const OrderedJson settings = studio.projects().settings(id);
      list.push_back({{"id", id},
                      {"name", settings.at("name")},
                      {"created", settings.at("created")},
                      {"files", settings.at("files").size()},
                      {"running", studio.runs().is_running(studio.projects().folder_of(id))}});
    } catch (const std::exception& error) {
      list.push_back({{"id", id}, {"name", id}, {"error", error.what()}});
    }
  }
  const fs::path& folder = studio.projects().folder();
  return json_response({{"version", BERTUNE_VERSION},
                        {"folder", folder.string()},
                        {"free_bytes", free_disk_bytes(folder)},
                        {"projects", std::move(list)}});
}

HttpResponse models(Studio& studio, const Asked& /*asked*/) {
  return json_response({{"models", models_to_train(studio.options().included)}});
}

HttpResponse create(Studio& studio, const Asked& asked) {
  return json_response({{"id", studio.projects().create(text_in(body_of(asked), "name"))}});
}

HttpResponse quit(Studio& studio, const Asked& /*asked*/) {
  if (!studio.options().quit) throw Refusal{403, "Forbidden", "the studio is ended where it was started"};
  studio.options().quit();
  return kDone;
}

HttpResponse change(Studio& studio, const Asked& asked) {
  const Json body = body_of(asked);
  studio.projects().change(asked.parts.at(0), [&](OrderedJson& settings) { choose(settings, body); });
  return snapshot(studio, asked);
}

HttpResponse remove_project(Studio& studio, const Asked& asked) {
  const fs::path project = project_of(studio, asked);
  if (studio.runs().is_running(project)) throw Refusal{409, "Busy", "a training runs: stop it first"};
  studio.jobs().leave(project);
  studio.services().stop(project);
  studio.runs().leave(project);
  studio.projects().remove(asked.parts.at(0));
  return kDone;
}

// The state of a project, whenever it changes: server-sent events. Each holds all of it, so that a page that
// comes back, or missed some, needs no history.
HttpResponse events(Studio& studio, const Asked& asked) {
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kSign{15};
  studio.projects().folder_of(asked.parts.at(0));
  HttpResponse response{.body = "retry: 1000\n\n", .type = "text/event-stream"};
  response.more = [&studio, id = asked.parts.at(0), last = std::string(),
                   spoke = Clock::now()]() mutable -> std::optional<std::string> {
    try {
      std::string now = studio.snapshot(id).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
      if (now == last && Clock::now() - spoke < kSign) return "";
      spoke = Clock::now();
      if (now == last) return ":\n\n";
      last = std::move(now);
      return "data: " + last + "\n\n";
    } catch (const Refusal&) {  // the project is gone
      return std::nullopt;
    }
  };
  return response;
}

// Files.

HttpResponse begin_upload(Studio& studio, const Asked& asked) {
  const Json body = body_of(asked);
  return json_response({{"upload", studio.uploads().begin(asked.parts.at(0), text_in(body, "name"),
                                                          number_in(body, "bytes"))}});
}

HttpResponse add_piece(Studio& studio, const Asked& asked) {
  const std::string& text = asked.parts.at(2);
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error != std::errc() || end != text.data() + text.size())
    throw Refusal{422, "Validation", "a piece begins at a number of bytes"};
  return json_response(
      studio.uploads().add(asked.parts.at(0), asked.parts.at(1), offset, asked.request.body));
}

HttpResponse remove_file(Studio& studio, const Asked& asked) {
  const std::string name = text_in(body_of(asked), "name");
  const fs::path data = project_of(studio, asked) / "data";
  studio.projects().change(asked.parts.at(0), [&](OrderedJson& settings) {
    named_file(settings, name);
    OrderedJson kept = OrderedJson::array();
    for (const OrderedJson& file : settings.at("files"))
      if (file.at("name") != name) kept.push_back(file);
    settings["files"] = std::move(kept);
  });
  writing::unlink(data / name);
  return snapshot(studio, asked);
}

HttpResponse preview_file(Studio& studio, const Asked& asked) {
  const OrderedJson settings = settings_of(studio, asked);
  const std::string file = named_file(settings, text_in(body_of(asked), "name"));
  return json_response(preview(project_of(studio, asked), file, settings));
}

// Steps whose results are JSON.

HttpResponse start_job(Studio& studio, const Asked& asked, const Job& job) {
  studio.jobs().start(project_of(studio, asked), job);
  return snapshot(studio, asked);
}

HttpResponse start_check(Studio& studio, const Asked& asked) {
  return start_job(studio, asked, check_job(settings_of(studio, asked)));
}
HttpResponse start_plan(Studio& studio, const Asked& asked) {
  return start_job(studio, asked, plan_job(project_of(studio, asked), settings_of(studio, asked)));
}
HttpResponse start_noise(Studio& studio, const Asked& asked) {
  return start_job(studio, asked, noise_job(settings_of(studio, asked)));
}

template <const char* job>
HttpResponse result(Studio& studio, const Asked& asked) {
  return json_file(result_of(project_of(studio, asked), job));
}
constexpr char kCheck[] = "check", kPlan[] = "plan", kNoise[] = "noise";

HttpResponse corrections(Studio& studio, const Asked& asked) {
  return json_response(corrections_of(project_of(studio, asked)));
}
HttpResponse change_corrections(Studio& studio, const Asked& asked) {
  const fs::path project = project_of(studio, asked);
  studio.projects().change(asked.parts.at(0), [&](OrderedJson&) { correct(project, body_of(asked)); });
  return json_response(corrections_of(project));
}

HttpResponse corrections_file(Studio& studio, const Asked& asked) {
  return send_file(project_of(studio, asked) / kCorrections, "text/csv; charset=utf-8");
}

// The file to train on with the corrected labels, made while it is sent.
HttpResponse corrected_file(Studio& studio, const Asked& asked) {
  const OrderedJson settings = settings_of(studio, asked);
  const fs::path project = project_of(studio, asked);
  const std::string file = file_of(settings, "train");
  if (file.empty()) throw Refusal{404, "NotFound", "there is no file to train on"};
  const auto data = std::make_shared<CorrectedData>(project, file, settings, corrections_of(project));
  return download("corrected.csv", "text/csv; charset=utf-8", [data] { return data->next(); });
}

const Route kProjectRoutes[] = {
    {"GET", "/api/studio", overview},
    {"GET", "/api/models", models},
    {"POST", "/api/quit", quit},
    {"POST", "/api/projects", create},
    {"GET", "/api/projects/{}", snapshot},
    {"GET", "/api/projects/{}/events", events},
    {"POST", "/api/projects/{}/settings", change},
    {"POST", "/api/projects/{}/remove", remove_project},
    {"POST", "/api/projects/{}/uploads", begin_upload},
    {"POST", "/api/projects/{}/uploads/{}/{}", add_piece},
    {"POST", "/api/projects/{}/files/remove", remove_file},
    {"POST", "/api/projects/{}/files/preview", preview_file},
    {"POST", "/api/projects/{}/check", start_check},
    {"GET", "/api/projects/{}/check", result<kCheck>},
    {"POST", "/api/projects/{}/plan", start_plan},
    {"GET", "/api/projects/{}/plan", result<kPlan>},
    {"POST", "/api/projects/{}/noise", start_noise},
    {"GET", "/api/projects/{}/noise", result<kNoise>},
    {"GET", "/api/projects/{}/corrections", corrections},
    {"POST", "/api/projects/{}/corrections", change_corrections},
    {"GET", "/api/projects/{}/corrections.csv", corrections_file},
    {"GET", "/api/projects/{}/corrected.csv", corrected_file},
};

}  // namespace

std::span<const Route> project_routes() { return kProjectRoutes; }

}  // namespace bertune::studio
