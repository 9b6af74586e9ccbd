// Trainings, and their models at work.

#include <memory>

#include "core/file.h"
#include "studio/archive.h"
#include "studio/preview.h"
#include "studio/requests.h"
#include "studio/steps.h"

namespace bertune::studio {
namespace {

using serve::HttpResponse;
using serve::Refusal;

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

HttpResponse model_archive(Studio& studio, const Asked& asked) {
  const std::string name = asked.parts.at(0) + "-" + asked.parts.at(1);
  const auto archive = std::make_shared<Archive>(run_of(studio, asked), name);
  return download(
      name + ".tar", "application/x-tar", [archive] { return archive->next(); }, archive->bytes());
}

HttpResponse ask_model(Studio& studio, const Asked& asked) {
  run_of(studio, asked);
  return json_response(
      explain(studio.options().program, project_of(studio, asked), asked.parts.at(1), body_of(asked)));
}

// The state of a job that the page asks for until it has ended. Its first request wants it `again`, where it
// has failed before; the others do not.
OrderedJson begun(Studio& studio, const Asked& asked, const Job& job) {
  const fs::path project = project_of(studio, asked);
  const Json body = body_of(asked);
  studio.jobs().start(project, job, body.is_object() && body.value("again", Json()) == Json(true));
  return studio.jobs().state(project, job);
}

// The same with the JSON that the job has printed, once it is there.
HttpResponse with_result(Studio& studio, const Asked& asked, const Job& job) {
  OrderedJson state = begun(studio, asked, job);
  if (state.at("state") == "done")
    state["result"] =
        parse_ordered_json(json_file(result_of(project_of(studio, asked), job.name)).body, job.name);
  return json_response(state);
}

HttpResponse compare_runs(Studio& studio, const Asked& asked) {
  const fs::path project = project_of(studio, asked);
  for (const std::size_t part : {1, 2}) studio.runs().folder_of(project, asked.parts.at(part));
  return with_result(studio, asked, comparison_job(asked.parts.at(1), asked.parts.at(2)));
}

// The curve says whether more labels would help.

HttpResponse curve(Studio& studio, const Asked& asked) {
  const fs::path project = project_of(studio, asked);
  run_of(studio, asked);
  const std::string& run = asked.parts.at(1);
  return with_result(studio, asked, curve_job(run, json_in(project / (run + ".json"))));
}

// Files that a model has made of a file of texts: its labels, and the texts to label next.

// The state of the job that makes `made` of a file of texts, with its first rows.
HttpResponse made_of_texts(Studio& studio, const Asked& asked, const Job& job, const char* made) {
  OrderedJson state = begun(studio, asked, job);
  if (state.at("state") == "done") {
    OrderedJson settings = settings_of(studio, asked);
    settings["columns"] = {{"text", ""}, {"text_pair", ""}, {"label", ""}}, settings["encoding"] = "";
    state["preview"] = preview(project_of(studio, asked), std::string(kWork) + "/" + made, settings);
  }
  return json_response(state);
}

std::string file_of_texts(Studio& studio, const Asked& asked) {
  run_of(studio, asked);
  return named_file(settings_of(studio, asked), text_in(body_of(asked), "name"));
}

HttpResponse label_file(Studio& studio, const Asked& asked) {
  const Job job = label_job(asked.parts.at(1), file_of_texts(studio, asked));
  return made_of_texts(studio, asked, job, kLabelled);
}
HttpResponse suggest_texts(Studio& studio, const Asked& asked) {
  const std::uint64_t count = number_in(body_of(asked), "count");
  if (count < 1 || count > 100'000) throw Refusal{422, "Validation", "a number of texts is from 1 to 100000"};
  const Job job = suggestions_job(asked.parts.at(1), file_of_texts(studio, asked), count);
  return made_of_texts(studio, asked, job, kSuggested);
}

template <const char* made>
HttpResponse made_file(Studio& studio, const Asked& asked) {
  return send_file(project_of(studio, asked) / kWork / made, "text/csv; charset=utf-8");
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

const Route kRunRoutes[] = {
    {"POST", "/api/projects/{}/runs", start_run},
    {"POST", "/api/projects/{}/runs/{}/stop", act_on_run<&Runs::stop>},
    {"POST", "/api/projects/{}/runs/{}/resume", act_on_run<&Runs::resume>},
    {"POST", "/api/projects/{}/runs/{}/finish", act_on_run<&Runs::finish>},
    {"POST", "/api/projects/{}/runs/{}/remove", act_on_run<&Runs::remove>},
    {"GET", "/api/projects/{}/runs/{}/report", report_facts},
    {"GET", "/api/projects/{}/runs/{}/report.html", report},
    {"GET", "/api/projects/{}/runs/{}/model.tar", model_archive},
    {"POST", "/api/projects/{}/runs/{}/ask", ask_model},
    {"POST", "/api/projects/{}/runs/{}/label", label_file},
    {"POST", "/api/projects/{}/runs/{}/suggest", suggest_texts},
    {"POST", "/api/projects/{}/runs/{}/curve", curve},
    {"POST", "/api/projects/{}/compare/{}/{}", compare_runs},
    {"GET", "/api/projects/{}/labelled.csv", made_file<kLabelled>},
    {"GET", "/api/projects/{}/suggested.csv", made_file<kSuggested>},
    {"POST", "/api/projects/{}/runs/{}/service", start_service},
    {"POST", "/api/projects/{}/service/stop", stop_service},
};

}  // namespace

std::span<const Route> run_routes() { return kRunRoutes; }

}  // namespace bertune::studio
