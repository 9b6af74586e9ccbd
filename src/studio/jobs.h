// Jobs are commands whose result is JSON or a file: check, plan, noise, comparison, labels of a file. Their
// results stay with the project, and are known for what they were made from.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/json.h"
#include "studio/child.h"
#include "studio/projects.h"

namespace bertune::studio {

// A job is made of these: the same arguments on the same files give the same result.
struct Job {
  std::string name;                    // "check"; of its files too
  std::vector<std::string> arguments;  // of the program
  std::vector<std::string> files;      // that it reads, relative to the project
};

class Jobs {
 public:
  explicit Jobs(fs::path program) : program_(std::move(program)) {}

  // Starts the job, unless it runs or its result is there; one that failed, where it is wanted `again`. One
  // of other arguments is ended first.
  void start(const fs::path& project, const Job& job, bool again = true);
  void stop(const fs::path& project, const std::string& name);
  // {"state": "none", "running", "done" or "failed", "error"}; "none" where the result is of something else.
  OrderedJson state(const fs::path& project, const Job& job);
  // Ends all jobs of a project.
  void leave(const fs::path& project);

 private:
  struct Running {
    Child child;
    std::string made_of;
  };

  void settle(const fs::path& project, const std::string& name);

  fs::path program_;
  std::mutex mutex_;
  std::map<fs::path, Running> running_;  // by its project and name
};

// Returns the file of a job's result: JSON that it printed.
fs::path result_of(const fs::path& project, const std::string& job);

}  // namespace bertune::studio
