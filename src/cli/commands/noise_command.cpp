#include "cli/commands/noise_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/commands/watched_run.h"
#include "cli/config/run_config.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/train_display.h"
#include "core/file.h"
#include "insight/data/noise.h"
#include "insight/results/label_noise.h"
#include "insight/results/run_noise.h"
#include "report/noise_report.h"
#include "report/progress.h"
#include "runs/cross_validation.h"
#include "runs/fine_tuning.h"
#include "runs/output.h"

namespace bertune::cli {
namespace {

namespace fs = std::filesystem;

struct NoiseFlags {
  runs::TrainOptions run;
  HubFlags hub;
  ThreadOptions threads;
  ScreenOptions screen;
  std::int64_t folds = 5, top = 0;
  std::string set;
  fs::path output;
  bool full = false, json = false;

  bool hides_progress() const { return json || screen.hides_progress(); }
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

LabelNoise noise_of_features(NoiseFlags& options, const tasks::TaskEntry& task) {
  std::optional<report::ProgressBar> bar;
  insight::Encoding encoding{.model = options.run.model, .base = options.run.base, .stop = interrupt_token()};
  encoding.progress = [&](std::int64_t done, std::int64_t all) {
    if (!bar)
      bar.emplace(std::cerr, "reading", all,
                  report::ProgressOptions{.terminal = report::terminal_of(STDERR_FILENO),
                                          .quiet = options.hides_progress(),
                                          .only_when_long = true});
    bar->update(done);
    if (done == all) bar->finish();
  };
  const insight::PredictionTable table = insight::judge_rows(options.run, task, options.folds, encoding);
  LabelNoise noise = insight::label_noise(table, table.sets.at(0), {.top = options.top});
  noise.set = "train";
  return noise;
}

LabelNoise noise_of_trainings(NoiseFlags& options, const tasks::TaskEntry& task) {
  runs::TrainOptions run = options.run;
  run.folds = options.folds, run.files.checks_data = false;
  run.max_prediction_rows = std::numeric_limits<std::int64_t>::max();
  run.stop = interrupt_token();
  runs::validate(run);
  const FolderLock lock = runs::prepare_output(run);
  TrainDisplay display(std::cerr, options.hides_progress(), options.json || options.screen.silent);
  try {
    runs::cross_validate(run, runs::open_base_model(run), task, display);
  } catch (const Interrupted& interrupted) {
    stop_to_resume(interrupted, run.arguments.output_dir);
  } catch (const AlreadyDone&) {  // of this very cross-validation
  }
  return noise_of_folder(options, run.arguments.output_dir);
}

LabelNoise find_noise(NoiseFlags& options) {
  runs::TrainOptions& run = options.run;
  if (options.is_run()) return noise_of_folder(options, run.files.train);
  std::vector<std::string> notes = tasks::name_splits(run.files);
  const tasks::TaskGuess guess = runs::task_of(run);
  if (std::string note = task_note(guess); !note.empty()) notes.push_back(std::move(note));
  insight::require_label_noise(*guess.task);
  if (!options.json && !options.screen.silent) print_notes(notes);
  run.model = options.hub.find(run.model, options.hides_progress());
  run.base = options.hub.find_base(run.model, options.hides_progress());
  run.files.seed = run.arguments.seed;
  return options.full ? noise_of_trainings(options, *guess.task) : noise_of_features(options, *guess.task);
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
  const char* full = "With --full";
  command->add_flag("--full", options->full,
                    "Fine-tune the model for each fold, which takes as long as training N times");
  command
      ->add_option("--folder", run_options.arguments.output_dir,
                   "Folder of the cross-validation, which can be resumed")
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
  command->add_option("--seed", run_options.arguments.seed, "Seed of the folds")->capture_default_str();
  options->hub.add_to(*command);
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print what was found as JSON and nothing else");
  options->screen.add_to(*command);
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
