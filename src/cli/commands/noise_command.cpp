#include "cli/commands/noise_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <limits>
#include <memory>
#include <string>

#include "bertune/error.h"
#include "cli/commands/labeled_rows.h"
#include "cli/commands/watched_run.h"
#include "cli/config/run_config.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/train_display.h"
#include "core/file.h"
#include "insight/data/noise.h"
#include "insight/results/joined_predictions.h"
#include "insight/results/label_noise.h"
#include "insight/results/prediction_table.h"
#include "insight/results/run_noise.h"
#include "report/noise_report.h"
#include "report/progress.h"
#include "runs/cross_validation.h"
#include "runs/output.h"

namespace bertune::cli {
namespace {

namespace fs = std::filesystem;

struct NoiseFlags : LabeledRows {
  std::int64_t folds = 5, top = 0;
  std::string set;
  fs::path output;

  bool is_run() const { return fs::is_directory(run.files.train); }
};

void require_options(const NoiseFlags& options) {
  const runs::TrainOptions& run = options.run;
  if (options.top < 0) throw UsageError(fmt::format("--top is {}; it cannot be negative", options.top));
  if (options.is_run()) {
    if (!run.model.empty() || options.full)
      throw UsageError(fmt::format("{} is the folder of a run, whose predictions are read; leave out {}",
                                   run.files.train.string(), options.full ? "--full" : "--model"));
    return;
  }
  if (run.model.empty())
    throw UsageError(fmt::format("--model is missing: {} is judged by models that read its texts",
                                 run.files.train.string()));
  if (!options.set.empty()) throw UsageError("--set is of the folder of a run; leave it out");
  if (options.folds < 2) throw UsageError(fmt::format("--folds is {}; it must be at least 2", options.folds));
  if (options.full && run.arguments.output_dir.empty())
    throw UsageError("--full trains a model for each fold; name a folder for that with --folder");
}

LabelNoise noise_of_folder(const NoiseFlags& options, const fs::path& folder) {
  return insight::noise_of_run(folder, options.set, options.top);
}

insight::PredictionTable judge_by_features(const NoiseFlags& options, const tasks::TaskEntry& task) {
  const insight::Encoding encoding{
      .model = options.run.model,
      .base = options.run.base,
      .progress = report::progress_of_long_work(
          std::cerr, "reading",
          {.terminal = report::terminal_of(STDERR_FILENO), .quiet = options.hides_progress()}),
      .stop = interrupt_token()};
  return insight::judge_rows(options.run, task, options.folds, encoding);
}

insight::PredictionTable judge_by_trainings(const NoiseFlags& options, const tasks::TaskEntry& task) {
  runs::TrainOptions run = options.run;
  run.folds = options.folds, run.files.checks_data = false;
  run.max_prediction_rows = std::numeric_limits<std::int64_t>::max();
  run.stop = interrupt_token();
  runs::validate(run);
  const FolderLock lock = runs::prepare_output(run);
  TrainDisplay display(std::cerr, options.hides_progress(), options.hides_notes());
  try {
    runs::cross_validate(run, runs::open_base_model(run), task, display);
  } catch (const Interrupted& interrupted) {
    stop_to_resume(interrupted, run.arguments.output_dir);
  } catch (const AlreadyDone&) {  // of this very cross-validation
  }
  return insight::read_predictions(run.arguments.output_dir);
}

LabelNoise find_noise(NoiseFlags& options) {
  if (options.is_run()) return noise_of_folder(options, options.run.files.train);
  const tasks::TaskEntry& task = options.find(insight::require_label_noise);
  // Models that are trained for the task are often sure of labels that they were taught wrongly, and simple
  // ones of what they cannot tell: together they find more than either. The trainings come first, for their
  // folder may be refused.
  insight::PredictionTable table = (options.full ? judge_by_trainings : judge_by_features)(options, task);
  if (options.full) table = insight::joined(table, judge_by_features(options, task), insight::kOutOfFoldSet);
  LabelNoise noise = insight::label_noise(table, table.sets.at(0), {.top = options.top});
  noise.set = "train";
  return noise;
}

void run(NoiseFlags& options) {
  require_options(options);
  const InterruptGuard guard;
  use_threads(options.threads);
  const LabelNoise noise = find_noise(options);
  if (!options.output.empty()) write_file_atomically(options.output, insight::corrections_csv(noise));
  if (options.json) {
    fmt::print("{}", dump_json(insight::to_json(noise)));
    return;
  }
  constexpr std::int64_t kShown = 10;
  const report::Style style(report::terminal_of(STDOUT_FILENO).colors);
  fmt::print("{}", report::noise_report(noise, options.top > 0 ? options.top : kShown, style));
  if (options.output.empty()) return;
  fmt::print(
      "\nWrote {} with {} of them. Write the right label, or drop, into its column \"correct\"; then:\n"
      "  bertune train ... --relabel {}\n",
      options.output.string(), noise.ranked.size(), options.output.string());
}

}  // namespace

void add_noise_command(CLI::App& app) {
  const auto options = std::make_shared<NoiseFlags>();
  CLI::App* command = app.add_subcommand("noise", "Find the labels of your data that are probably wrong");
  runs::TrainOptions& run_options = options->run;
  add_run_config(*command);
  tasks::TrainingFiles& files = run_options.files;
  command
      ->add_option("data,--train,--train_file", files.train,
                   "File of labeled rows, or the folder of a run whose predictions are looked at")
      ->required();
  command->add_option("--model,--model_name_or_path", run_options.model,
                      "Model that reads the texts (folder, or a name on the Hugging Face Hub)");
  command
      ->add_option("--output", options->output,
                   "CSV file to write: suspicious labels, with a column for the right ones")
      ->type_name("FILE");
  command->add_option("--top", options->top,
                      "List the N most suspicious labels (default: those that are probably wrong)");
  command->add_option(
      "--set", options->set,
      "Of the folder of a run: out_of_fold, test or validation (default: the first there is)");
  command->add_option("--folds", options->folds, "Parts of the rows; each is judged by models of the others")
      ->capture_default_str();
  options->add_trainings_to(*command,
                            "Fine-tune the model for each fold, which takes as long as training N times",
                            "Folder of the cross-validation, which can be resumed");
  options->add_rows_to(*command, "Seed of the folds", "Print what was found as JSON and nothing else");
  command->footer(
      "Examples:\n"
      "  bertune noise train.csv --model sentence-transformers/all-MiniLM-L6-v2\n"
      "  bertune noise train.csv --model bert-base-uncased --output suspicious.csv\n"
      "  bertune noise train.csv --model bert-base-uncased --full --folder folds\n"
      "  bertune noise my-model                      labels of its test rows\n"
      "See docs/noise.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
