#include "studio/routes.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/writing.h"
#include "studio/archive.h"
#include "studio/corrections.h"
#include "studio/models.h"
#include "studio/page.h"
#include "studio/preview.h"
#include "studio/steps.h"
#include "studio/studio.h"

namespace bertune::studio {
namespace {

using serve::HttpResponse;
using serve::Refusal;

HttpResponse json_response(const OrderedJson& body) {
  return {.body = body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)};
}

const HttpResponse kDone = {.body = "{}"};

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

HttpResponse snapshot(Studio& studio, const Asked& asked) {
  return json_response(studio.snapshot(asked.parts.at(0)));
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
  bool found = false;
  studio.projects().change(asked.parts.at(0), [&](OrderedJson& settings) {
    OrderedJson kept = OrderedJson::array();
    for (const OrderedJson& file : settings.at("files")) {
      if (file.at("name") == name)
        found = true;
      else
        kept.push_back(file);
    }
    settings["files"] = std::move(kept);
  });
  if (!found) throw Refusal{404, "NotFound", "there is no such file"};
  writing::unlink(data / name);
  return snapshot(studio, asked);
}

HttpResponse preview_file(Studio& studio, const Asked& asked) {
  const OrderedJson settings = settings_of(studio, asked);
  const std::string name = text_in(body_of(asked), "name");
  for (const OrderedJson& file : settings.at("files"))
    if (file.at("name") == name)
      return json_response(preview(project_of(studio, asked), "data/" + name, settings));
  throw Refusal{404, "NotFound", "there is no such file"};
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

// Trainings.

HttpResponse start_run(Studio& studio, const Asked& asked) {
  const fs::path project = project_of(studio, asked);
  studio.jobs().stop(project, "plan");  // whose result comes too late
  const std::string run = studio.runs().start(project, training_options(project, settings_of(studio, asked)));
  return json_response({{"run", run}});
}

template <void (Runs::*act)(const fs::path& project, const std::string& run)>
HttpResponse act_on_run(Studio& studio, const Asked& asked) {
  (studio.runs().*act)(project_of(studio, asked), asked.parts.at(1));
  return snapshot(studio, asked);
}

fs::path run_of(Studio& studio, const Asked& asked) {
  return studio.runs().folder_of(project_of(studio, asked), asked.parts.at(1));
}

HttpResponse report_facts(Studio& studio, const Asked& asked) {
  return json_file(run_of(studio, asked) / "report.json");
}

// The report is a page of its own, which may run its own script, and reach nothing of the studio.
HttpResponse report(Studio& studio, const Asked& asked) {
  const fs::path file = run_of(studio, asked) / "report.html";
  if (!path_exists(file)) throw Refusal{404, "NotFound", "there is no report yet"};
  return {
      .body = read_file(file, std::uint64_t{64} << 20),
      .type = "text/html; charset=utf-8",
      .headers = {{"Content-Security-Policy", "sandbox allow-scripts allow-modals; frame-ancestors 'none'"}}};
}

HttpResponse download(Studio& studio, const Asked& asked) {
  const std::string name = asked.parts.at(0) + "-" + asked.parts.at(1);
  const auto archive = std::make_shared<Archive>(run_of(studio, asked), name);
  HttpResponse response{
      .type = "application/x-tar",
      .headers = {{"Content-Disposition", fmt::format("attachment; filename=\"{}.tar\"", name)}},
      .length = archive->bytes()};
  response.more = [archive]() -> std::optional<std::string> {
    std::string part = archive->next();
    return part.empty() ? std::nullopt : std::optional(std::move(part));
  };
  return response;
}

HttpResponse ask_model(Studio& studio, const Asked& asked) {
  run_of(studio, asked);
  return json_response(
      explain(studio.options().program, project_of(studio, asked), asked.parts.at(1), body_of(asked)));
}

HttpResponse compare_runs(Studio& studio, const Asked& asked) {
  const fs::path project = project_of(studio, asked);
  const Job job = comparison_job(asked.parts.at(1), asked.parts.at(2));
  for (const std::size_t part : {1, 2}) studio.runs().folder_of(project, asked.parts.at(part));
  studio.jobs().start(project, job);
  OrderedJson state = studio.jobs().state(project, job);
  if (state.at("state") == "done")
    state["result"] = parse_ordered_json(json_file(result_of(project, job.name)).body, "comparison");
  return json_response(state);
}

// A file with labels of a model.

HttpResponse label_file(Studio& studio, const Asked& asked) {
  const fs::path project = project_of(studio, asked);
  const std::string name = text_in(body_of(asked), "name");
  run_of(studio, asked);
  OrderedJson settings = settings_of(studio, asked);
  for (const OrderedJson& file : settings.at("files")) {
    if (file.at("name") != name) continue;
    const Job job = label_job(asked.parts.at(1), "data/" + name);
    studio.jobs().start(project, job);
    OrderedJson state = studio.jobs().state(project, job);
    if (state.at("state") == "done") {
      settings["columns"] = {{"text", ""}, {"text_pair", ""}, {"label", ""}}, settings["encoding"] = "";
      state["preview"] = preview(project, std::string(kWork) + "/" + kLabelled, settings);
    }
    return json_response(state);
  }
  throw Refusal{404, "NotFound", "there is no such file"};
}

HttpResponse send_file(const fs::path& file, const char* name, const char* type) {
  constexpr std::size_t kPart = std::size_t{1} << 20;
  if (!path_exists(file)) throw Refusal{404, "NotFound", "there is no such file"};
  const auto mapped = std::make_shared<MappedFile>(file);
  HttpResponse response{
      .type = type,
      .headers = {{"Content-Disposition", fmt::format("attachment; filename=\"{}\"", name)}},
      .length = mapped->bytes().size()};
  response.more = [mapped, at = std::size_t{0}]() mutable -> std::optional<std::string> {
    if (at == mapped->bytes().size()) return std::nullopt;
    std::string part(mapped->text().substr(at, kPart));
    at += part.size();
    return part;
  };
  return response;
}

HttpResponse labelled(Studio& studio, const Asked& asked) {
  return send_file(project_of(studio, asked) / kWork / kLabelled, kLabelled, "text/csv; charset=utf-8");
}
HttpResponse corrections_file(Studio& studio, const Asked& asked) {
  return send_file(project_of(studio, asked) / kCorrections, kCorrections, "text/csv; charset=utf-8");
}

// A service for other programs.

HttpResponse start_service(Studio& studio, const Asked& asked) {
  const std::uint64_t port = number_in(body_of(asked), "port");
  if (port > 65535) throw Refusal{422, "Validation", "a port is from 0 to 65535"};
  run_of(studio, asked);
  studio.services().start(project_of(studio, asked), asked.parts.at(1), static_cast<int>(port));
  return snapshot(studio, asked);
}
HttpResponse stop_service(Studio& studio, const Asked& asked) {
  studio.services().stop(project_of(studio, asked));
  return snapshot(studio, asked);
}

const Route kRoutes[] = {
    {"GET", "/", front},
    {"GET", "/studio.css", style},
    {"GET", "/dom.js", script<page::dom>},
    {"GET", "/charts.js", script<page::charts>},
    {"GET", "/data.js", script<page::data>},
    {"GET", "/training.js", script<page::training>},
    {"GET", "/results.js", script<page::results>},
    {"GET", "/studio.js", script<page::studio>},
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
    {"POST", "/api/projects/{}/runs", start_run},
    {"POST", "/api/projects/{}/runs/{}/stop", act_on_run<&Runs::stop>},
    {"POST", "/api/projects/{}/runs/{}/resume", act_on_run<&Runs::resume>},
    {"POST", "/api/projects/{}/runs/{}/remove", act_on_run<&Runs::remove>},
    {"GET", "/api/projects/{}/runs/{}/report", report_facts},
    {"GET", "/api/projects/{}/runs/{}/report.html", report},
    {"GET", "/api/projects/{}/runs/{}/model.tar", download},
    {"POST", "/api/projects/{}/runs/{}/ask", ask_model},
    {"POST", "/api/projects/{}/runs/{}/label", label_file},
    {"POST", "/api/projects/{}/compare/{}/{}", compare_runs},
    {"GET", "/api/projects/{}/labelled.csv", labelled},
    {"POST", "/api/projects/{}/runs/{}/service", start_service},
    {"POST", "/api/projects/{}/service/stop", stop_service},
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
  for (const Route& route : kRoutes) {
    std::vector<std::string> parts;
    if (!fits(route.path, path, parts)) continue;
    found.is_path = true;
    if (route.method != asked) continue;
    found.route = &route;
    found.parts = std::move(parts);
    break;
  }
  return found;
}

}  // namespace bertune::studio
