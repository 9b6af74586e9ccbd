#include "cli/commands/baseline_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands/task_commands.h"
#include "cli/options/shared_options.h"
#include "insight/data/baselines.h"
#include "report/baseline_report.h"
#include "runs/fine_tuning.h"

namespace bertune::cli {
namespace {

struct BaselineFlags {
  runs::TrainOptions run;
  ThreadOptions threads;
  ScreenOptions screen;
  bool json = false;
};

void run(BaselineFlags& options) {
  use_threads(options.threads);
  std::vector<std::string> notes = tasks::name_splits(options.run.files);
  const tasks::TaskGuess guess = runs::task_of(options.run);
  if (std::string note = task_note(guess); !note.empty()) notes.push_back(std::move(note));
  if (!options.json) print_notes(notes);
  const Baselines baselines = insight::measure_baselines(options.run, *guess.task);
  if (options.json) {
    fmt::print("{}", dump_json(insight::to_json(baselines)));
    return;
  }
  const report::Style style(report::terminal_of(STDOUT_FILENO).colors);
  fmt::print("{}", report::baseline_table(baselines, style));
}

}  // namespace

void add_baseline_command(CLI::App& app) {
  const auto options = std::make_shared<BaselineFlags>();
  CLI::App* command =
      app.add_subcommand("baseline", "Show what simple methods reach on your data, in seconds");
  tasks::TrainingFiles& files = options->run.files;
  command->add_option("data,--train,--train_file", files.train, "File of rows to learn from")->required();
  command->add_option("--validation,--validation_file", files.validation,
                      "File to measure on if --test is not given");
  command->add_option("--test,--test_file", files.test,
                      "File to measure on (default: rows held out from the training file)");
  add_data_options(*command, files.data);
  add_labels_file_option(*command, files.data, "--train");
  add_correction_options(*command, files);
  add_task_options(*command, options->run.task, files.problem_type, tasks::task_names());
  command->add_option("--seed", files.seed, "Seed of the rows that are held out")->capture_default_str();
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print the results as JSON and nothing else");
  options->screen.add_to(*command);
  command->footer("Example:\n  bertune baseline train.csv --test test.csv");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
