#include "cli/commands/train_seeds.h"

#include <fmt/format.h>

#include <iostream>
#include <string>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/screen/run_report.h"
#include "cli/screen/train_display.h"
#include "report/finish/finish.h"
#include "report/tensorboard_log.h"
#include "runs/seed_runs.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

runs::SeedRuns trained(const TrainOptions& options, const runs::TrainOptions& values,
                       const runs::BaseModel& base, const tasks::TaskEntry& task) {
  TrainDisplay display(std::cerr, options.hides_progress(), options.hides_notes());
  report::SeedLogs logs(display, values.arguments);
  train::Observer& observer =
      options.reports_to_tensorboard() ? static_cast<train::Observer&>(logs) : display;
  try {
    return runs::train_seeds(values, base, task, observer);
  } catch (const Interrupted& interrupted) {
    display.finish();
    stop_to_resume(interrupted, values.arguments.output_dir);
  }
}

}  // namespace

void train_seeds(const TrainOptions& options, const runs::TrainOptions& values, const runs::BaseModel& base,
                 const tasks::TaskEntry& task) {
  if (options.profile) throw UsageError("--profile measures one training; leave out --seeds");
  const runs::SeedRuns done = trained(options, values, base, task);
  const std::string beside = report::finish_seeds(values, task, done, finish_options(options));
  if (options.json) {
    fmt::print("{}", dump_json(done.results));
    return;
  }
  const Json settings = done.best ? train::read_settings(values.arguments.output_dir) : Json::object();
  print_seeds(values, done, done.best ? try_it(task.architecture, settings) : "", beside);
}

}  // namespace bertune::cli
