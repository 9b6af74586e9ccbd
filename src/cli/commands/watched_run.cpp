#include "cli/commands/watched_run.h"

#include <fmt/format.h>

#include <iostream>

#include "bertune/error.h"
#include "cli/commands/report_command.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/ranks.h"
#include "cli/screen/run_report.h"
#include "cli/screen/train_display.h"
#include "cli/screen/train_profile.h"
#include "report/tensorboard_log.h"

namespace bertune::cli {

runs::TrainOptions run_values(const TrainOptions& options) {
  runs::TrainOptions values = options.values();
  values.stop = interrupt_token();
  return values;
}

namespace {

runs::FinishedRun shown(const TrainOptions& options, TrainDisplay& display, train::Observer& observer,
                        const std::function<runs::FinishedRun(train::Observer&)>& run) {
  try {
    return run(observer);
  } catch (const Interrupted& interrupted) {
    if (display.training_ended()) throw;
    display.finish();
    throw Interrupted(
        fmt::format("{}; a checkpoint is in {}: the same command with --resume continues from it",
                    interrupted.what(), options.run.arguments.output_dir.string()));
  }
}

}  // namespace

void watch_run(const TrainOptions& options, const TryIt& try_it,
               const std::function<runs::FinishedRun(train::Observer&)>& run,
               const std::function<std::string(const runs::FinishedRun&)>& beside_test) {
  TrainDisplay display(std::cerr, options.hides_progress(), options.hides_notes());
  TrainProfile profile(display);
  train::Observer& shown_to = options.profile ? static_cast<train::Observer&>(profile) : display;
  report::TensorBoardLog events(shown_to, options.run.arguments.output_dir,
                                options.run.arguments.logging_steps,
                                dump_json(options.run.arguments.to_json()));
  train::Observer& observer =
      options.reports_to_tensorboard() && is_first_rank() ? static_cast<train::Observer&>(events) : shown_to;
  const runs::FinishedRun finished = shown(options, display, observer, run);
  if (!is_first_rank()) return;
  std::string profiled;
  if (options.profile) {
    const Precision precision = train::precision_of(options.run.arguments.precision);
    profiled = "\n" + profile.finish(options.run.arguments.output_dir / "profile.json", precision);
  }
  const std::string beside = beside_test && finished.test_metrics ? beside_test(finished) : "";
  write_report_beside(options.run.arguments.output_dir);
  if (options.json) return print_run_json(finished);
  print_run(options.run, finished, try_it(finished), beside);
  fmt::print("{}", profiled);
}

}  // namespace bertune::cli
