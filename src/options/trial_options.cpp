#include "options/trial_options.h"

#include <CLI/CLI.hpp>

#include "bertune/options.h"
#include "options/given_values.h"
#include "options/train_options.h"

namespace bertune::options {

runs::TrainOptions with_settings(const runs::TrainOptions& usual, const TrialSettings& settings) {
  CLI::App program;
  program.option_defaults()->take_last();
  CLI::App* command = program.add_subcommand("train");
  TrainOptions trial;
  trial.run = usual;
  trial.add_to(*command, "");
  trial.optim_args = optim::options_text(usual.arguments.optim_args);
  trial.lr_scheduler_kwargs = optim::options_text(usual.arguments.lr_scheduler_kwargs);
  trial.split_seed = usual.files.seed;
  if (usual.arguments.fine_tuning.lora)
    trial.fine_tuning.lora = true, trial.fine_tuning.lora_config = *usual.arguments.fine_tuning.lora;
  GivenValues values = {{"model", usual.model.string()},
                        {"train", usual.files.train.string()},
                        {"output", usual.arguments.output_dir.string()}};
  values.insert(values.end(), settings.begin(), settings.end());
  give_values(*command, values);
  trial.settle();
  trial.run.files.checks_data = usual.files.checks_data;
  return trial.run;
}

}  // namespace bertune::options
