// The options of a training.
#pragma once

#include <CLI/App.hpp>
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "options/fine_tuning_options.h"
#include "options/hub_flags.h"
#include "options/shared_options.h"
#include "runs/train_options.h"
#include "train/arguments.h"

namespace bertune::options {

struct TrainOptions {
  runs::TrainOptions run;  // what the flags ask for
  HubFlags hub;
  FineTuningOptions fine_tuning;
  std::optional<double> warmup_steps;       // below 1: a ratio, as in Transformers 5
  std::optional<std::uint64_t> split_seed;  // unset: the run's
  std::string optim_args, lr_scheduler_kwargs;
  std::string eval_strategy;  // Transformers' no, steps or epoch
  ThreadOptions threads;
  ScreenOptions screen;
  bool json = false, profile = false, regression = false, no_baselines = false, no_explanations = false,
       dry_run = false;
  std::optional<std::string> resume_from;   // Transformers' spelling of resume
  std::string config_name, tokenizer_name;  // Transformers': here they are the model's
  // The options that were given and have no effect.
  std::vector<std::string> ignored;
  std::vector<std::string> report_to;  // "tensorboard", "none"; the Trainer's "all" is what there is
  bool reports_to_tensorboard() const {
    return std::ranges::any_of(report_to, [](const auto& to) { return to == "tensorboard" || to == "all"; });
  }

  CLI::App* declared_on = nullptr;

  // Declares everything on `command`. The object must outlive it. `tasks`: the names that the option for it
  // takes.
  void add_to(CLI::App& command, const std::string& tasks);
  // Declares only the options that any run has: optimization, checkpoints, output.
  void add_run_to(CLI::App& command);
  // Makes run.model a folder, downloaded if need be, and finds its base. A new adapter will name the model as
  // it was given. Throws as resolve_model() does.
  void find_model(const HubOptions& how);
  // The values that the file that repeats the run has instead of the given ones: for a model's name the
  // commit that it now means.
  Json to_repeat = Json::object();
  // Resolves settings that depend on several options; throws UsageError.
  void settle();
  // Returns the options of the run, with the text of the file that repeats it. They refer to this object.
  runs::TrainOptions values() const;
  bool hides_progress() const { return json || screen.hides_progress(); }
  bool hides_notes() const { return json || screen.silent; }

 private:
  void settle_evaluation();
  void require_names_of_model() const;
  void settle_resume();
};

}  // namespace bertune::options
