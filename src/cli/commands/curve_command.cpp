#include "cli/commands/curve_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/commands/watched_run.h"
#include "cli/config/run_config.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/train_display.h"
#include "insight/data/learning_curve.h"
#include "report/curve_report.h"
#include "runs/fine_tuning.h"

namespace bertune::cli {
namespace {

struct CurveFlags {
  runs::TrainOptions run;
  HubFlags hub;
  ThreadOptions threads;
  ScreenOptions screen;
  std::int64_t repetitions = 10;
  bool full = false, json = false;

  bool hides_progress() const { return json || screen.hides_progress(); }
};

LearningCurve of_trainings(CurveFlags& options, const tasks::TaskEntry& task) {
  runs::TrainOptions run = options.run;
  if (run.arguments.output_dir.empty())
    throw UsageError("--full trains four models; name a folder for them with --folder");
  run.files.checks_data = false;
  run.stop = interrupt_token();
  runs::validate(run);
  TrainDisplay display(std::cerr, options.hides_progress(), options.json || options.screen.silent);
  try {
    return insight::curve_of_trainings(run, runs::open_base_model(run), task, display);
  } catch (const Interrupted& interrupted) {
    stop_to_resume(interrupted, run.arguments.output_dir);
  }
}

LearningCurve measure(CurveFlags& options) {
  runs::TrainOptions& run = options.run;
  std::vector<std::string> notes = tasks::name_splits(run.files);
  const tasks::TaskGuess guess = runs::task_of(run);
  if (std::string note = task_note(guess); !note.empty()) notes.push_back(std::move(note));
  if (!options.json && !options.screen.silent) print_notes(notes);
  run.model = options.hub.find(run.model, options.hides_progress());
  run.base = options.hub.find_base(run.model, options.hides_progress());
  run.files.seed = run.arguments.seed;
  if (options.full) return of_trainings(options, *guess.task);
  CurveOptions curve;
  curve.repetitions = options.repetitions, curve.seed = run.arguments.seed, curve.stop = interrupt_token();
  return insight::curve_of_features(run, curve);
}

void run(CurveFlags& options) {
  const InterruptGuard guard;
  use_threads(options.threads);
  const LearningCurve curve = measure(options);
  if (options.json) {
    fmt::print("{}", dump_json(insight::to_json(curve)));
    return;
  }
  const report::Style style(report::terminal_of(STDOUT_FILENO).colors);
  fmt::print("{}", report::curve_report(curve, style));
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
  const char* full = "With --full";
  command->add_flag("--full", options->full,
                    "Fine-tune the model on 12.5, 25, 50 and 100% of the rows, and measure it on --test");
  command
      ->add_option("--folder", run_options.arguments.output_dir,
                   "Folder of the four trainings; those that are "
                   "finished there are taken over")
      ->group(full);
  command
      ->add_option("--epochs,--num_train_epochs", run_options.arguments.num_train_epochs,
                   "Passes over the training data")
      ->group(full)
      ->capture_default_str();
  command
      ->add_option("--learning-rate,--learning_rate", run_options.arguments.learning_rate,
                   "Peak learning rate")
      ->group(full)
      ->capture_default_str();
  command
      ->add_option("--batch-size,--per_device_train_batch_size", run_options.arguments.train_batch_size,
                   "Training examples per batch")
      ->group(full)
      ->capture_default_str();
  command->add_flag("--resume", run_options.arguments.resume, "Continue in --folder")->group(full);
  command->add_flag("--overwrite", run_options.overwrite, "Start over in --folder")->group(full);
  add_data_options(*command, files.data);
  add_labels_file_option(*command, files.data, "--train");
  add_correction_options(*command, files);
  add_task_options(*command, run_options.task, files.problem_type, tasks::task_names());
  command
      ->add_option("--max-length,--max_length,--max_seq_length", files.max_length,
                   "Tokens per text; longer texts are truncated (default: 128)")
      ->group("Data");
  command->add_option("--seed", run_options.arguments.seed, "Seed of the rows that are drawn")
      ->capture_default_str();
  options->hub.add_to(*command);
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print the curve as JSON and nothing else");
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune curve train.csv --model sentence-transformers/all-MiniLM-L6-v2\n"
      "  bertune curve train.csv --test test.csv --model bert-base-uncased --full --folder curve\n"
      "See docs/more_labels.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
