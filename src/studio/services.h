// Models that answer over HTTP for other programs: `bertune serve`, as long as the studio runs.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "core/json.h"
#include "studio/child.h"
#include "studio/projects.h"

namespace bertune::studio {

class Services {
 public:
  explicit Services(fs::path program) : program_(std::move(program)) {}

  // Serves the model of a training; one service a project, which takes the place of the last one. `port` 0:
  // any that is free.
  void start(const fs::path& project, const std::string& run, int port);
  void stop(const fs::path& project);
  // {"state": "none", "starting", "running" or "failed", "run", "url", "error"}
  OrderedJson state(const fs::path& project);

 private:
  struct Service {
    Child child;
    std::string run, url;
  };

  fs::path program_;
  std::mutex mutex_;
  std::map<fs::path, Service> services_;  // by the project's folder
};

}  // namespace bertune::studio
