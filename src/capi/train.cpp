// A training, as the program's command does it, for whoever watches it by a callback.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <stop_token>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "capi/boundary.h"
#include "core/file.h"
#include "core/json.h"
#include "data/files/text_file.h"
#include "insight/data/long_text_choice.h"
#include "options/option_kinds.h"
#include "options/train_options.h"
#include "report/event_json.h"
#include "report/finish/finish.h"
#include "report/tensorboard_log.h"
#include "runs/cross_validation.h"
#include "runs/fine_tuning.h"
#include "runs/output.h"
#include "runs/results.h"
#include "runs/seed_runs.h"
#include "train/observer.h"

namespace bertune::capi {
namespace {

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Passes events on as JSON, and asks for the stop when the caller does.
class Watcher : public train::Observer {
 public:
  Watcher(bertune_on_event on_event, void* user) : on_event_(on_event), user_(user) {}

  void on(const Event& event) override {
    if (on_event_ != nullptr) tell(report::event_json(event));
  }
  void note(std::string text) { on(Note{std::move(text)}); }
  void tell(const Json& event) {
    if (on_event_ != nullptr && on_event_(text_of(event).c_str(), user_) != 0) stop_.request_stop();
  }
  std::stop_token token() const { return stop_.get_token(); }

 private:
  bertune_on_event on_event_;
  void* user_;
  std::stop_source stop_;
};

// Options of the command that are about its screen, or about its whole process.
constexpr const char* kOfTheProgram[] = {"json", "quiet", "silent", "profile", "dry_run", "pin_threads"};

// A run's options; they refer to the command, which they declare themselves on.
struct Asked {
  Command command{"train"};
  options::TrainOptions options;

  explicit Asked(const options::GivenValues& values) {
    options.add_to(*command, tasks::task_names());
    for (const auto& [name, value] : values) {
      for (const char* of_program : kOfTheProgram) {
        const CLI::Option* option = options::option_named(*command, name);
        if (option != nullptr && options::has_name(*option, of_program))
          throw UsageError(name, fmt::format("`{}` is an option of the program alone", name));
      }
    }
    options::give_values(*command, values);
    options.settle();
  }
};

HubOptions hub_options(const options::HubFlags& flags, Watcher& watcher) {
  HubOptions hub = flags.values();
  hub.on_note = [&watcher](std::string_view line) { watcher.note(std::string(line)); };
  hub.on_progress = [&watcher](const DownloadProgress& progress) {
    watcher.tell(
        {{"event", "download"}, {"file", progress.file}, {"done", progress.done}, {"total", progress.total}});
  };
  hub.interrupted = [stop = watcher.token()] { return stop.stop_requested(); };
  return hub;
}

report::FinishOptions finish_options(const options::TrainOptions& options, Watcher& watcher) {
  return {.baselines = !options.no_baselines,
          .explanations = !options.no_explanations,
          .on_note = [&watcher](const std::string& note) { watcher.note(note); },
          .stop = watcher.token()};
}

Json result_json(const runs::TrainOptions& values, const tasks::TaskEntry& task,
                 const runs::FinishedRun& done) {
  const train::TrainingResult& training = done.training;
  Json result = {{"folder", values.arguments.output_dir.string()},
                 {"task", task.name},
                 {"steps", training.state.global_step},
                 {"epochs", training.epochs},
                 {"train_loss", training.train_loss},
                 {"runtime", training.runtime},
                 {"best_step", training.state.best_step},
                 {"stopped_early", training.stopped_early}};
  if (done.validation_metrics) result["validation"] = runs::metric_values(*done.validation_metrics);
  if (done.test_metrics) result["test"] = runs::metric_values(*done.test_metrics);
  return result;
}

Json train(const options::GivenValues& given, Watcher& watcher) {
  Asked asked(given);
  options::TrainOptions& options = asked.options;
  for (const std::string& note : options.ignored) watcher.note(note);
  if (options.threads.threads != 0) options.threads.apply();
  const data::KeptPipes pipes;
  options.run.stop = watcher.token();
  const FolderLock lock = runs::prepare_output(options.run);
  options.find_model(hub_options(options.hub, watcher));
  runs::TrainOptions values = options.values();
  values.stop = watcher.token();
  const runs::BaseModel base = runs::open_base_model(values);
  const tasks::TaskGuess guess = runs::task_of(values);
  const tasks::TaskEntry& task = *guess.task;
  if (const std::string note = runs::detection_note(values, guess); !note.empty()) watcher.note(note);
  insight::settle_long_text(values, base, task, watcher);
  if (values.is_cross_validation()) return runs::cross_validate(values, base, task, watcher).results;
  const report::FinishOptions finish = finish_options(options, watcher);
  if (values.seeds) {
    report::SeedLogs logs(watcher, values.arguments);
    train::Observer& observer =
        options.reports_to_tensorboard() ? static_cast<train::Observer&>(logs) : watcher;
    const runs::SeedRuns done = runs::train_seeds(values, base, task, observer);
    report::finish_seeds(values, task, done, finish);
    return done.results;
  }
  report::TensorBoardLog log(watcher, values.arguments.output_dir, values.arguments.logging_steps,
                             dump_json(values.arguments.to_json()));
  train::Observer& observer = options.reports_to_tensorboard() ? static_cast<train::Observer&>(log) : watcher;
  const runs::FinishedRun done = runs::fine_tune(values, base, task, observer);
  if (done.test_metrics)
    report::finish_baselines(values, task, runs::with_prefix("test", done.results.at("test")), finish);
  report::finish_page(values, finish);
  return result_json(values, task, done);
}

}  // namespace
}  // namespace bertune::capi

bertune_status bertune_train(const char* const* options, bertune_on_event on_event, void* user,
                             char** result) {
  return bertune::capi::guarded([&] {
    if (result != nullptr) *result = nullptr;
    bertune::capi::Watcher watcher(on_event, user);
    const auto done = bertune::capi::train(bertune::capi::values_of(options), watcher);
    if (result != nullptr) *result = bertune::capi::copy_of(bertune::capi::text_of(done));
  });
}
