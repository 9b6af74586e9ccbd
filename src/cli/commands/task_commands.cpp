#include "cli/commands/task_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include "report/data_facts.h"

namespace bertune::cli {
namespace {

tasks::TrainingFiles files_of(const TrainOptions& options) {
  return {.train = options.train,
          .validation = options.validation,
          .test = options.test,
          .data = options.data,
          .max_train_rows = options.max_train_rows,
          .max_validation_rows = options.max_validation_rows,
          .max_test_rows = options.max_test_rows,
          .validation_split = options.validation_split,
          .seed = options.arguments.seed,
          .fold = options.fold,
          .fold_column = options.fold_column,
          .max_length = options.max_length,
          .checks_data = !options.json && !options.quiet,
          .problem_type = options.problem_type,
          .label_all_tokens = options.label_all_tokens,
          .question_answering = options.question_answering};
}

}  // namespace

std::string task_names() {
  std::string names;
  for (const tasks::TaskEntry& task : tasks::all_tasks())
    names += (names.empty() ? "" : ", ") + std::string(task.name);
  return names;
}

std::string_view try_it(Architecture task) {
  switch (task) {
    case Architecture::question_answering:
      return "echo '{{\"question\": \"...\", \"context\": \"...\"}}' | bertune predict --model {}";
    case Architecture::multiple_choice:
      return "echo '{{\"question\": \"...\", \"choices\": [\"...\", \"...\"]}}' | bertune predict --model {}";
    default:
      return "echo \"your text\" | bertune predict --model {}";
  }
}

tasks::TrainingData read_training(const tasks::TaskEntry& task, const TrainOptions& options,
                                  const BertTokenizer& tokenizer, const BertConfig& config) {
  tasks::TrainingData data = task.read_training(files_of(options), tokenizer, config);
  const report::Style style(report::terminal_of(STDERR_FILENO).colors);
  fmt::print(stderr, "{}", report::data_facts(data.facts, style));
  return data;
}

}  // namespace bertune::cli
