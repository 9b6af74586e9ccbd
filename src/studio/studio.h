// The studio: a page on this machine for people who do not use a terminal, and what it asks for.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "serve/http.h"
#include "serve/workers.h"
#include "studio/jobs.h"
#include "studio/projects.h"
#include "studio/runs.h"
#include "studio/services.h"
#include "studio/uploads.h"

namespace bertune::studio {

struct StudioOptions {
  fs::path program = "/proc/self/exe";  // that the steps are commands of
  fs::path projects;                    // the folder of the projects, made where there is none
  std::string token;                    // the first part of every path: who knows it may ask
  fs::path included = {};               // where models that come along are; empty: none do
  std::function<void()> quit = {};      // ends the program, as the page may ask; none: it may not
};

class Studio {
 public:
  // Opens the projects, and goes on with trainings that were running. Throws Error for a folder that cannot
  // be written to.
  explicit Studio(StudioOptions options);
  Studio(const Studio&) = delete;
  Studio& operator=(const Studio&) = delete;
  ~Studio();

  // Decides by the head of a request. Any thread.
  serve::Opened open(const serve::HttpRequest& head);

  const StudioOptions& options() const { return options_; }
  Projects& projects() { return projects_; }
  Uploads& uploads() { return uploads_; }
  Jobs& jobs() { return jobs_; }
  Runs& runs() { return runs_; }
  Services& services() { return services_; }

  // Returns whether a training of any project runs.
  bool has_running();
  // All that the page shows of a project, but for what it asks for by itself.
  OrderedJson snapshot(const std::string& project);

 private:
  StudioOptions options_;
  Projects projects_;
  Uploads uploads_;
  Jobs jobs_;
  Runs runs_;
  Services services_;
  serve::Workers workers_;
};

}  // namespace bertune::studio
