// A training run as the commands start it: under a person's eyes, or for a program that reads JSON.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "bertune/error.h"
#include "options/train_options.h"
#include "report/finish/finish.h"
#include "runs/fine_tuning.h"
#include "runs/train_options.h"
#include "runs/training_run.h"
#include "train/observer.h"

namespace bertune::cli {

using options::TrainOptions;

// A run whose model, task and way to read long texts are found.
struct OpenedRun {
  runs::TrainOptions values;
  runs::BaseModel base;
  const tasks::TaskEntry& task;
};
// Finds them, and prints what was detected. `writes`: what was chosen is left in the output folder.
OpenedRun open_run(TrainOptions& options, bool writes = true);

// Throws the interruption again, and says how to continue what is in the output folder.
[[noreturn]] void stop_to_resume(const Interrupted& interrupted, const std::filesystem::path& output);

// Returns how a training ends that the flags ask for.
report::FinishOptions finish_options(const TrainOptions& options);

// A shell command that uses the model that was trained, "{}" being its folder.
using TryIt = std::function<std::string_view(const runs::FinishedRun&)>;

// Runs it, and prints what becomes of it; below the test's metrics the line of `beside_test`, if it is set.
void watch_run(const TrainOptions& options, const TryIt& try_it,
               const std::function<runs::FinishedRun(train::Observer&)>& run,
               const std::function<std::string(const runs::FinishedRun&)>& beside_test = {});

}  // namespace bertune::cli
