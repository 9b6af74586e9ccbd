#include "cli/commands/train_seeds.h"

#include <fmt/format.h>

#include <iostream>
#include <optional>
#include <string>
#include <variant>

#include "bertune/error.h"
#include "cli/commands/beside_baselines.h"
#include "cli/commands/report_command.h"
#include "cli/commands/task_commands.h"
#include "cli/commands/watched_run.h"
#include "cli/screen/messages.h"
#include "cli/screen/run_report.h"
#include "cli/screen/train_display.h"
#include "insight/data/baselines.h"
#include "insight/results/seed_group.h"
#include "report/tensorboard_log.h"
#include "runs/seed_runs.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

// Has each run write its own events for TensorBoard, where they are asked for.
class SeedLogs : public train::Observer {
 public:
  SeedLogs(train::Observer& next, const TrainOptions& options) : next_(next), options_(options) {}

  void on(const Event& event) override {
    if (const auto* begins = std::get_if<SeedBegins>(&event)) begin(begins->seed);
    log_ ? log_->on(event) : next_.on(event);
  }

 private:
  void begin(std::uint64_t seed) {
    if (!options_.reports_to_tensorboard()) return;
    train::TrainingArguments arguments = options_.run.arguments;
    arguments.seed = seed;
    log_.emplace(next_, insight::folder_of_seed(arguments.output_dir, seed), arguments.logging_steps,
                 dump_json(arguments.to_json()), fmt::format("seed-{}", seed));
  }

  train::Observer& next_;
  const TrainOptions& options_;
  std::optional<report::TensorBoardLog> log_;
};

runs::SeedRuns trained(const TrainOptions& options, const runs::TrainOptions& values,
                       const runs::BaseModel& base, const tasks::TaskEntry& task) {
  TrainDisplay display(std::cerr, options.hides_progress(), options.hides_notes());
  SeedLogs logs(display, options);
  try {
    return runs::train_seeds(values, base, task, logs);
  } catch (const Interrupted& interrupted) {
    display.finish();
    stop_to_resume(interrupted, values.arguments.output_dir);
  }
}

// Measures simple methods once, and writes them beside each run; returns the line on the best one.
std::string beside_baselines(const TrainOptions& options, const runs::TrainOptions& values,
                             const tasks::TaskEntry& task, const runs::SeedRuns& done) try {
  const bool is_tested = done.runs[0].at("metrics").contains("test_loss");
  if (options.no_baselines || !is_tested) return "";
  const Baselines baselines = insight::measure_baselines(values, task);
  const std::filesystem::path& output = values.arguments.output_dir;
  std::string line;
  for (std::size_t i = 0; i < done.seeds.size(); ++i) {
    const Json& metrics = done.runs[i].at("metrics");
    write_beside(insight::folder_of_seed(output, done.seeds[i]), baselines, metrics);
    if (done.best == done.seeds[i]) line = write_beside(output, baselines, metrics);
  }
  return line;
} catch (const std::exception& error) {
  if (!options.hides_notes()) print_notes({fmt::format("no baselines: {}", error.what())});
  return "";
}

}  // namespace

void train_seeds(const TrainOptions& options, const runs::TrainOptions& values, const runs::BaseModel& base,
                 const tasks::TaskEntry& task) {
  if (options.profile) throw UsageError("--profile measures one training; leave out --seeds");
  const runs::SeedRuns done = trained(options, values, base, task);
  const std::string beside = beside_baselines(options, values, task, done);
  const std::filesystem::path& output = values.arguments.output_dir;
  for (const std::uint64_t seed : done.seeds) write_report_beside(insight::folder_of_seed(output, seed));
  if (done.best) write_report_beside(output, words_finder(options));
  if (options.json) {
    fmt::print("{}", dump_json(done.results));
    return;
  }
  const Json settings = done.best ? train::read_settings(output) : Json::object();
  print_seeds(values, done, done.best ? try_it(task.architecture, settings) : "", beside);
}

}  // namespace bertune::cli
