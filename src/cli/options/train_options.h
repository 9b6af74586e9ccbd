// The options of bertune train.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/fine_tuning_options.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "runs/train_options.h"
#include "train/arguments.h"

namespace bertune::cli {

struct TrainOptions {
  runs::TrainOptions run;  // what the flags ask for
  HubFlags hub;
  FineTuningOptions fine_tuning;
  std::optional<double> warmup_steps;  // below 1: a ratio, as in Transformers 5
  std::string optim_args, lr_scheduler_kwargs;
  std::string eval_strategy;  // Transformers' no, steps or epoch
  ThreadOptions threads;
  bool json = false, quiet = false, profile = false, regression = false;
  std::optional<std::string> resume_from;  // Transformers' spelling of --resume
  // Flags of the Transformers scripts that were given and mean nothing here.
  std::vector<std::string> ignored;

  CLI::App* declared_on = nullptr;

  // Declares everything on `command`. The object must outlive it. `tasks`: the names that --task takes.
  void add_to(CLI::App& command, const std::string& tasks);
  // Only what any run has: optimization, checkpoints, output.
  void add_run_to(CLI::App& command);
  // Makes run.model a folder, downloaded if need be, and finds its base. A new adapter will name the model as
  // it was given.
  void find_model();
  std::string model_to_repeat;  // the model as it was given, a name with the commit that it now means
  // What follows from several options together; throws UsageError.
  void settle();

 private:
  void settle_evaluation();
  void settle_resume();
};

}  // namespace bertune::cli
