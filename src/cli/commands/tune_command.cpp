#include "cli/commands/tune_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/commands/watched_run.h"
#include "cli/config/run_config.h"
#include "cli/config/tune_space.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/messages.h"
#include "cli/screen/train_display.h"
#include "cli/screen/tune_display.h"
#include "core/counted.h"
#include "core/duration.h"
#include "core/file.h"
#include "insight/results/tuning_file.h"
#include "options/parsed_option.h"
#include "options/trial_options.h"
#include "report/finish/finish.h"
#include "report/metrics_report.h"
#include "report/progress.h"
#include "report/terminal.h"
#include "report/tuning_report.h"
#include "runs/fine_tuning.h"
#include "runs/output.h"
#include "runs/tuning/tuning.h"

namespace bertune::cli {
namespace {

struct TuneOptions {
  TrainOptions train;
  std::optional<double> budget;
  std::optional<std::int64_t> trials;
  std::filesystem::path space;
};

runs::Tuned tuned(const TuneOptions& options, const runs::TrainOptions& values,
                  const runs::TuningOptions& tuning, const runs::BaseModel& base,
                  const tasks::TaskEntry& task) {
  TuneDisplay display(std::cerr, options.train.hides_progress(), options.train.hides_notes());
  try {
    runs::Tuned done = runs::tune(values, tuning, base, task, display);
    display.finish();
    return done;
  } catch (const Interrupted& interrupted) {
    display.finish();
    stop_to_resume(interrupted, values.arguments.output_dir);
  }
}

void print_tuned(const runs::TrainOptions& values, const runs::Tuned& done, const std::string& beside,
                 std::string_view try_it) {
  const Json& results = done.results;
  const std::string folder = values.arguments.output_dir.string();
  const std::string time = report::format_duration(results.at("seconds").get<double>());
  const Json budget = results.at("budget");
  fmt::print("\n{} in {}{}, by {} on validation rows\n{}\n", counted(std::ssize(done.trials), "trial"), time,
             budget.is_null() ? "" : " of " + report::format_duration(budget.get<double>()), done.metric,
             report::tuning_report(results));
  fmt::print("{}.\n", report::capital(done.winner.why));
  const report::Terminal terminal = report::terminal_of(STDOUT_FILENO);
  if (done.test) {
    fmt::print("\nTest on {}, by this model alone:\n{}", values.files.test.string(),
               report::metrics_report(*done.test,
                                      {.style = report::Style(terminal.colors), .width = terminal.width}));
    if (!beside.empty()) fmt::print("{}\n", beside);
  }
  fmt::print(
      "\nWrote to {}:\n"
      "  the model              that of trial {}\n"
      "{}"
      "  the search             {}\n"
      "  each trial             trials/000, trials/001, ...: {}\n"
      "  all settings           run.yaml, with which bertune train --config repeats the model\n"
      "Use it:\n  {}\n",
      folder, done.winner.trial,
      path_exists(values.arguments.output_dir / "report.html")
          ? "  the report             report.html, of this model and of the search\n"
          : "",
      insight::kTuningFile,
      values.keep == runs::KeptModels::all ? "its model, results and predictions"
                                           : "its settings, results and predictions",
      fmt::format(fmt::runtime(try_it), folder));
}

void run(TuneOptions& options) {
  const InterruptGuard guard;
  TrainOptions& train = options.train;
  train.settle();
  print_notes(train.ignored);
  use_threads(train.threads);
  train.run.is_search = true;
  runs::TuningOptions tuning{
      .budget = options.budget, .trials = options.trials, .with_settings = options::with_settings};
  runs::validate(train.run, tuning);
  if (!options.space.empty()) tuning.space = read_space(options.space, *train.declared_on);
  train.run.stop = interrupt_token();
  const FolderLock lock = runs::prepare_output(train.run);
  const OpenedRun opened = open_run(train);
  const runs::TrainOptions& values = opened.values;
  const runs::BaseModel& base = opened.base;
  const tasks::TaskEntry& task = opened.task;
  const runs::Tuned done = tuned(options, values, tuning, base, task);
  const report::FinishOptions finish = finish_options(train);
  const std::string beside =
      done.test ? report::finish_baselines(values, task, done.results.at("test"), finish) : "";
  report::finish_page(values, finish);
  if (train.json) {
    fmt::print("{}", dump_json(done.results));
    return;
  }
  print_tuned(values, done, beside, try_it(task.architecture, done.settings));
}

// Options of `train` that are of a single training, or of several of another kind.
void remove_options_of_train(CLI::App& command) {
  for (const char* name : {"--folds", "--fold-column", "--keep-folds", "--seeds", "--dry-run", "--profile",
                           "--report-to", "--keep-checkpoints", "--resume_from_checkpoint"})
    command.remove_option(command.get_option(name));
}

}  // namespace

void add_tune_command(CLI::App& app) {
  const auto options = std::make_shared<TuneOptions>();
  CLI::App* command = app.add_subcommand(
      "tune", "Search for better settings of a training within a budget, and keep the best model");
  add_run_config(*command);
  options::add_parsed_option(
      *command, "--budget", options->budget,
      [](const std::string& text) { return seconds_from(text, "budget"); },
      "Time for the whole search, such as 30m, 2h or 1h30m; it ends within it")
      ->type_name("TIME");
  command->add_option("--trials", options->trials,
                      "Trials in all, the default settings included; this or --budget is needed");
  command
      ->add_option(
          "--space", options->space,
          "File of options to search and their values, YAML or JSON (default: learning rate, epochs, "
          "warm-up, layer-wise decay, seed)")
      ->type_name("FILE");
  options->train.add_to(*command, tasks::task_names());
  remove_options_of_train(*command);
  command->get_option("--keep")->description(
      "Keep the best model, or all, each in FOLDER/trials/... with the checkpoints of those that stopped");
  command->get_option("--resume")->description("Continue an interrupted search in --output");
  command->footer(
      "Examples:\n"
      "  bertune tune --model bert-base-uncased --train train.csv --test test.csv --output tuned --budget "
      "30m\n"
      "  bertune tune ... --output tuned --budget 30m --resume    after Ctrl-C or a crash\n"
      "  bertune train --config tuned/run.yaml --output again     train the best model again\n"
      "See docs/tuning.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
