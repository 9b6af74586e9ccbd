// The trainings of a project. Each is `bertune train` in a process that the studio may come back to: what is
// on the disk says which there are and how they stand.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/json.h"
#include "studio/child.h"
#include "studio/progress.h"
#include "studio/projects.h"

namespace bertune::studio {

// The option that makes a training a search: the time of it.
inline constexpr const char* kBudget = "budget";

class Runs {
 public:
  explicit Runs(fs::path program) : program_(std::move(program)) {}

  // Starts a training with these options, which are those of a file for `--config`, and returns its name:
  // "run-1". Throws Refusal (409) where one runs already.
  std::string start(const fs::path& project, OrderedJson options);
  // Goes on where it was stopped, or has failed.
  void resume(const fs::path& project, const std::string& run);
  // Ends it where it stands, as if its plan had been no longer: the best model so far is kept, and its report
  // is written. Throws Refusal (409) where it has ended already.
  void finish(const fs::path& project, const std::string& run);
  // Asks the training to stop, which leaves a checkpoint.
  void stop(const fs::path& project, const std::string& run);
  // Removes a training that does not run, and all that it wrote.
  void remove(const fs::path& project, const std::string& run);
  // Goes on with what was running when the studio ended, or the machine.
  void resume_unfinished(const fs::path& project);

  // [{"name", "state": "running", "stopping", "finishing", "stopped", "done" or "failed", "error", "options",
  // "progress", ...}], the oldest first.
  OrderedJson all(const fs::path& project);
  // Throws Refusal (404) where there is no run of that name, and returns its folder.
  fs::path folder_of(const fs::path& project, const std::string& run) const;
  bool is_running(const fs::path& project);
  // Forgets what it knows of a project. Its trainings go on.
  void leave(const fs::path& project);

 private:
  struct Known {
    std::optional<Child> child = {};
    std::optional<Child> last = {};  // that was asked to stop, and that `child` waits for
    Progress progress = {};
    OrderedJson options = {};
    bool stops = false, finishes = false;
    OrderedJson ended = {};    // what all() says of it since it has ended; null: it is to be looked at
    std::int64_t changed = 0;  // of its folder, when that was said, in nanoseconds
  };

  std::vector<std::string> names(const fs::path& project) const;
  bool one_runs(const fs::path& project);
  void require_none_runs(const fs::path& project);
  void launch(const fs::path& project, const std::string& run, bool finishes);
  static void interrupt(const fs::path& folder, Known& known);
  std::string state_of(const fs::path& project, const std::string& run, Known& known, std::string& error);
  OrderedJson facts_of(const fs::path& project, const std::string& run, Known& known);
  void want(const fs::path& project, const std::string& run, const char* what) const;

  fs::path program_;
  mutable std::mutex mutex_;
  std::map<fs::path, Known> known_;  // by the folder of the run
};

}  // namespace bertune::studio
