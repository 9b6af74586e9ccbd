#include "cli/commands/task_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

#include "bertune/error.h"
#include "data/choices/multiple_choice.h"

namespace bertune::cli {
namespace {

const std::array kTasks = {&kTextClassification, &kTokenClassification, &kQuestionAnswering, &kMultipleChoice,
                           &kSentenceEmbedding};

// Enough for a header, or the beginning of SQuAD's JSON.
constexpr std::size_t kGlance = 4096;

std::string beginning_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return "";  // a pipe can be read only once
  std::ifstream file(path, std::ios::binary);
  std::string text(kGlance, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

bool holds_questions(const std::filesystem::path& path) {
  const std::string extension = path.extension().string(), text = beginning_of(path);
  const bool json = extension == ".json" || extension == ".jsonl" || extension == ".ndjson";
  const auto names = [&](std::string_view key) {
    const std::string_view header = std::string_view(text).substr(0, text.find('\n'));
    return json ? text.find(fmt::format("\"{}\"", key)) != std::string::npos
                : header.find(key) != std::string_view::npos;
  };
  if (json && names("paragraphs") && names("qas")) return true;
  return names("context") && names("question") && (names("answers") || names("answer"));
}

bool holds_tags(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".jsonl" || extension == ".ndjson") {
    const std::string text = beginning_of(path);
    return text.find("\"ner_tags\"") != std::string::npos || text.find("\"pos_tags\"") != std::string::npos;
  }
  return extension == ".conll" || extension == ".conllu" || extension == ".bio" || extension == ".iob";
}

}  // namespace

std::span<const TaskCommands* const> all_tasks() { return kTasks; }

const TaskCommands& guess_task(const std::filesystem::path& train) {
  if (holds_tags(train)) return kTokenClassification;
  if (data::looks_like_multiple_choice(train)) return kMultipleChoice;
  if (holds_questions(train)) return kQuestionAnswering;
  return kTextClassification;
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
