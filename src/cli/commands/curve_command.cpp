#include "cli/commands/curve_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "cli/commands/labeled_rows.h"
#include "cli/commands/shown_in_run.h"
#include "cli/commands/watched_run.h"
#include "cli/config/run_config.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/train_display.h"
#include "core/json.h"
#include "insight/data/learning_curve.h"
#include "insight/results/shown_files.h"
#include "report/curve_report.h"
#include "report/progress.h"

namespace bertune::cli {
namespace {

struct CurveFlags : LabeledRows {
  std::int64_t repetitions = 10;
  ShownInRun shown;
};

LearningCurve of_trainings(CurveFlags& options, const tasks::TaskEntry& task) {
  runs::TrainOptions run = options.run;
  if (run.arguments.output_dir.empty())
    throw UsageError("--full trains four models; name a folder for them with --folder");
  run.files.checks_data = false;
  run.stop = interrupt_token();
  runs::validate(run);
  TrainDisplay display(std::cerr, options.hides_progress(), options.hides_notes());
  try {
    return insight::curve_of_trainings(run, runs::open_base_model(run), task, display);
  } catch (const Interrupted& interrupted) {
    stop_to_resume(interrupted, run.arguments.output_dir);
  }
}

LearningCurve measure(CurveFlags& options) {
  const tasks::TaskEntry& task = options.find({});
  const runs::TrainOptions& run = options.run;
  if (options.full) return of_trainings(options, task);
  CurveOptions curve;
  curve.repetitions = options.repetitions, curve.seed = run.arguments.seed, curve.stop = interrupt_token();
  curve.progress = report::progress_of_long_work(
      std::cerr, "reading",
      {.terminal = report::terminal_of(STDERR_FILENO), .quiet = options.hides_progress()});
  return insight::curve_of_features(run, curve);
}

std::string show_in_report(const CurveFlags& options, const LearningCurve& curve) {
  Json file = insight::to_json(curve);
  file["trained"] = options.full;
  return options.shown.show(insight::kCurveFile, file);
}

void run(CurveFlags& options) {
  const InterruptGuard guard;
  options.shown.require_run();
  use_threads(options.threads);
  const LearningCurve curve = measure(options);
  const std::string shown = show_in_report(options, curve);
  if (options.json) {
    fmt::print("{}", dump_json(insight::to_json(curve)));
    return;
  }
  const report::Style style(report::terminal_of(STDOUT_FILENO).colors);
  fmt::print("{}", report::curve_report(curve, style));
  fmt::print("{}", shown);
}

}  // namespace

void add_curve_command(CLI::App& app) {
  const auto options = std::make_shared<CurveFlags>();
  CLI::App* command = app.add_subcommand("curve", "Forecast how much more labeled rows would help");
  runs::TrainOptions& run_options = options->run;
  add_run_config(*command);
  tasks::TrainingFiles& files = run_options.files;
  command->add_option("data,--train,--train_file", files.train, "File of labeled rows")->required();
  command
      ->add_option("--model,--model_name_or_path", run_options.model,
                   "Model that reads the texts (folder, or a name on the Hugging Face Hub)")
      ->required();
  command->add_option("--test,--test_file", files.test,
                      "File to measure on (default: each fifth of the rows in turn)");
  command->add_option("--repetitions", options->repetitions, "Draws of rows for each point; not with --full")
      ->capture_default_str();
  options->shown.add_to(*command, "the curve");
  options->add_trainings_to(
      *command, "Fine-tune the model on 12.5, 25, 50 and 100% of the rows, and measure it on --test",
      "Folder of the four trainings; those that are finished there are taken over");
  options->add_rows_to(*command, "Seed of the rows that are drawn",
                       "Print the curve as JSON and nothing else");
  command->footer(
      "Examples:\n"
      "  bertune curve train.csv --model sentence-transformers/all-MiniLM-L6-v2\n"
      "  bertune curve train.csv --test test.csv --model bert-base-uncased --full --folder curve\n"
      "See docs/more_labels.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
