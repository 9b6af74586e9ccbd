#include "cli/commands/watched_run.h"

#include <fmt/format.h>

#include <iostream>

#include "bertune/error.h"
#include "cli/config/run_config.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/run_report.h"
#include "cli/screen/train_display.h"
#include "cli/screen/train_profile.h"

namespace bertune::cli {

runs::TrainOptions run_values(const TrainOptions& options) {
  runs::TrainOptions values = options.run;
  values.settings_text = [command = options.declared_on,
                          to_repeat = options.to_repeat](const Json& resolved) {
    Json settings = resolved;
    settings.update(to_repeat);
    return run_config_text(*command, settings);
  };
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
  train::Observer& observer = options.profile ? static_cast<train::Observer&>(profile) : display;
  const runs::FinishedRun finished = shown(options, display, observer, run);
  std::string profiled;
  if (options.profile) {
    const bool bf16 = train::precision_of(options.run.arguments.precision) == Precision::bf16;
    profiled = "\n" + profile.finish(options.run.arguments.output_dir / "profile.json", bf16);
  }
  const std::string beside = beside_test && finished.test_metrics ? beside_test(finished) : "";
  if (options.json) return print_run_json(finished);
  print_run(options.run, finished, try_it(finished), beside);
  fmt::print("{}", profiled);
}

}  // namespace bertune::cli
