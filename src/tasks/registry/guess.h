// Detects the task of a training file from its content, where nobody says it.
#pragma once

#include <filesystem>
#include <string>

#include "tasks/registry/registry.h"

namespace bertune::tasks {

struct TaskGuess {
  const TaskEntry* task = nullptr;
  std::string
      reason;  // a sentence for a person; empty where nothing tells, and texts with labels are expected
};

// Detects tagged words, questions with choices or with contexts, by what the first rows hold; else texts with
// labels. Throws UsageError where two readings fit equally. A file that cannot be read is taken for texts:
// whoever reads it says what is wrong.
TaskGuess guess_task(const std::filesystem::path& train, const FileOptions& options);

}  // namespace bertune::tasks
