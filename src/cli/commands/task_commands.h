// The command line's additions to the tasks of tasks/registry.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/json.h"
#include "tasks/registry/guess.h"
#include "tasks/registry/registry.h"

namespace bertune::cli {

// Returns a note on a task that was detected; empty for one that was given.
std::string task_note(const tasks::TaskGuess& guess);
// Returns the task of a trained model. Throws Error, naming its folder, for heads that no file of rows is for
// (pre-training).
const tasks::TaskEntry& task_of(Architecture architecture, const std::filesystem::path& directory);
// A shell command that uses a model of the task, "{}" being its folder. `settings`: its bertune.json.
std::string_view try_it(Architecture task, const Json& settings);

}  // namespace bertune::cli
