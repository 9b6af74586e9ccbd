#include "task_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "bertune/error.h"
#include "data/multiple_choice.h"

namespace bertune::cli {
namespace {

const std::array kTasks = {&kTextClassification, &kMultipleChoice};

}  // namespace

std::span<const TaskCommands* const> all_tasks() { return kTasks; }

const TaskCommands& guess_task(const std::filesystem::path& train) {
  return data::looks_like_multiple_choice(train) ? kMultipleChoice : kTextClassification;
}

const TaskCommands& task_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const TaskCommands* task : kTasks) {
    if (task->name == name) return *task;
    names.push_back(task->name);
  }
  throw UsageError(fmt::format("--task is \"{}\"; it must be one of {}", name, fmt::join(names, ", ")));
}

const TaskCommands& task_of(const train::ModelFolder& folder, const std::filesystem::path& directory) {
  for (const TaskCommands* task : kTasks) {
    if (task->architecture == folder.model.architecture()) return *task;
  }
  throw Error(
      fmt::format("{}: is a {}, which has no labels to predict; fine-tune it with bertune train, or "
                  "see bertune fill-mask",
                  directory.string(), to_string(folder.model.architecture())));
}

}  // namespace bertune::cli
