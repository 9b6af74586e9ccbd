#include "cli/commands/watched_run.h"

#include <fmt/format.h>

#include <cstdint>
#include <iostream>
#include <string>

#include "bertune/error.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/messages.h"
#include "cli/screen/ranks.h"
#include "cli/screen/run_report.h"
#include "cli/screen/train_display.h"
#include "cli/screen/train_profile.h"
#include "insight/data/long_text_choice.h"
#include "insight/results/suspicious_facts.h"
#include "report/table.h"
#include "report/tensorboard_log.h"

namespace bertune::cli {

OpenedRun open_run(TrainOptions& options, bool writes) {
  options.find_model(shown(options.hub, options.hides_progress()));
  runs::TrainOptions values = options.values();
  runs::BaseModel base = runs::open_base_model(values);
  const tasks::TaskGuess guess = runs::task_of(values);
  if (std::string note = runs::detection_note(values, guess); !note.empty()) print_notes({std::move(note)});
  TrainDisplay display(std::cerr, options.hides_progress(), options.hides_notes());
  insight::settle_long_text(values, base, *guess.task, display, writes);
  return {std::move(values), std::move(base), *guess.task};
}

void stop_to_resume(const Interrupted& interrupted, const std::filesystem::path& output) {
  throw Interrupted(fmt::format("{}; the same command with --resume continues with {}", interrupted.what(),
                                output.string()));
}

namespace {

// A line on labels that are probably wrong, or nothing. `facts`: of the run's page.
std::string labels_to_read(const TrainOptions& options, const OrderedJson& facts) {
  if (!facts.contains("suspicious")) return "";
  const OrderedJson& found = facts.at("suspicious");
  const auto issues = found.at("issues").get<std::int64_t>();
  if (issues == 0 || insight::are_mistakes_of_the_model(found)) return "";
  return fmt::format(
      "Labels to read again: {} of the {} that this model was not trained on fit badly (bertune noise {})\n",
      report::grouped(issues), report::grouped(found.at("items").get<std::int64_t>()),
      options.run.arguments.output_dir.string());
}

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

report::FinishOptions finish_options(const TrainOptions& options) {
  return {.baselines = !options.no_baselines,
          .explanations = !options.no_explanations,
          .on_note =
              [silent = options.hides_notes()](const std::string& note) {
                if (!silent) print_notes({note});
              },
          .stop = interrupt_token()};
}

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
  const OrderedJson facts = report::finish_page(options.run, finish_options(options));
  if (options.json) return print_run_json(finished);
  print_run(options.run, finished, try_it(finished), beside, labels_to_read(options, facts));
  fmt::print("{}", profiled);
}

}  // namespace bertune::cli
