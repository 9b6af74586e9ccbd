#include "cli/commands/task_commands.h"

#include <fmt/format.h>

#include "bertune/error.h"

namespace bertune::cli {

std::string task_note(const tasks::TaskGuess& guess) {
  if (guess.reason.empty()) return "";
  return fmt::format("task: {} (detected: {}; change with `task`)", guess.task->name, guess.reason);
}

const tasks::TaskEntry& task_of(Architecture architecture, const std::filesystem::path& directory) {
  if (const tasks::TaskEntry* task = tasks::task_of(architecture)) return *task;
  throw Error(
      fmt::format("{}: is a {}, which has no labels to predict; fine-tune it with bertune train, or "
                  "see bertune fill-mask",
                  directory.string(), to_string(architecture)));
}

std::string_view try_it(Architecture task, const Json& settings) {
  switch (task) {
    case Architecture::sequence_classification:
      return settings.value("text_pair_column", Json()).is_string()
                 ? "printf 'a text\\ta second text\\n' | bertune predict --model {}"
                 : "echo \"your text\" | bertune predict --model {}";
    case Architecture::question_answering:
      return "echo '{{\"question\": \"...\", \"context\": \"...\"}}' | bertune predict --model {}";
    case Architecture::multiple_choice:
      return "echo '{{\"question\": \"...\", \"choices\": [\"...\", \"...\"]}}' | bertune predict --model {}";
    case Architecture::sentence_embedding:
      return "echo \"your text\" | bertune embed --model {}";
    default:
      return "echo \"your text\" | bertune predict --model {}";
  }
}

}  // namespace bertune::cli
