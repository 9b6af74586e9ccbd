#include "cli/commands/train_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/commands/train_seeds.h"
#include "cli/commands/watched_run.h"
#include "cli/config/run_config.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/flag_words.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/messages.h"
#include "cli/screen/ranks.h"
#include "cli/screen/run_report.h"
#include "cli/screen/train_display.h"
#include "core/json.h"
#include "report/event_log.h"
#include "report/finish/finish.h"
#include "runs/cross_validation.h"
#include "runs/fine_tuning.h"
#include "runs/output.h"
#include "runs/run_plan.h"

namespace bertune::cli {
namespace {

struct TrainFlags : TrainOptions {
  std::filesystem::path events;  // file for a program that watches; empty: none does
};

void cross_validate(const TrainOptions& options, const runs::TrainOptions& values,
                    const runs::BaseModel& base, const tasks::TaskEntry& task) {
  const std::string flag = values.files.fold_column.empty() ? "--folds" : "--fold-column";
  if (options.profile) throw UsageError(fmt::format("--profile measures one training; leave out {}", flag));
  if (!values.files.test.empty())
    print_notes({fmt::format("--test is not looked at with {}: each fold is a test set", flag)});
  TrainDisplay display(std::cerr, options.hides_progress(), options.hides_notes());
  try {
    const runs::CrossValidated done = runs::cross_validate(values, base, task, display);
    if (!is_first_rank()) return;
    if (options.json) {
      fmt::print("{}", dump_json(done.results));
    } else {
      print_folds(values, done);
    }
  } catch (const Interrupted& interrupted) {
    stop_to_resume(interrupted, values.arguments.output_dir);
  }
}

Json plan_json(const RunPlan& plan) {
  Json json = {{"steps_per_epoch", plan.steps_per_epoch},
               {"total_steps", plan.total_steps},
               {"warmup_steps", plan.warmup_steps},
               {"rows", plan.rows},
               {"few_rows", plan.has_few_rows},
               {"tokens_per_epoch", plan.tokens_per_epoch},
               {"largest_batch_tokens", plan.largest_batch},
               {"memory_bytes", plan.memory()},
               {"memory_available_bytes", plan.memory_available},
               {"disk_bytes", plan.disk},
               {"disk_available_bytes", plan.disk_available},
               {"fits", plan.fits_memory() && plan.fits_disk()}};
  if (plan.seconds) json["seconds"] = *plan.seconds, json["step_seconds"] = *plan.step_seconds;
  if (plan.smaller_batch) {
    json["batch_size"] = *plan.smaller_batch;
    json["gradient_accumulation_steps"] = *plan.accumulation_steps;
  }
  return json;
}

void show_plan(const TrainOptions& options, const runs::TrainOptions& values, const runs::BaseModel& base,
               const tasks::TaskEntry& task) {
  TrainDisplay display(std::cerr, options.hides_progress(), options.hides_notes());
  const RunPlan plan = runs::probe_run(values, base, task, display);
  if (!is_first_rank()) return;
  if (options.json) {
    Json json = plan_json(plan);
    if (values.seeds) json["runs"] = *values.seeds;  // each as planned
    fmt::print("{}", dump_json(json));
  } else {
    const std::string each = values.seeds ? fmt::format(" of each of {} runs", *values.seeds) : "";
    fmt::print("Plan{}: {}\n", each, with_flags(to_string(plan)));
  }
}

void run(TrainFlags& options) {
  const InterruptGuard guard;
  join_ranks();
  if (!is_first_rank()) options.screen.silent = true;
  options.settle();
  print_notes(options.ignored);
  use_threads(options.threads);
  std::optional<FolderLock> lock;
  options.run.stop = interrupt_token();
  if (!options.dry_run && is_first_rank()) lock.emplace(runs::prepare_output(options.run));
  const OpenedRun opened = open_run(options, !options.dry_run);
  const runs::TrainOptions& values = opened.values;
  const runs::BaseModel& base = opened.base;
  const tasks::TaskEntry& task = opened.task;
  if (options.dry_run) return show_plan(options, values, base, task);
  if (values.is_cross_validation()) return cross_validate(options, values, base, task);
  if (values.seeds && launched_ranks() > 1)
    throw UsageError("--seeds trains one run after another in one process: start it without mpirun or srun");
  if (values.seeds) return train_seeds(options, values, base, task);
  watch_run(
      options,
      [&](const runs::FinishedRun& finished) { return try_it(task.architecture, finished.settings); },
      [&](train::Observer& observer) {
        report::EventLog events(observer, is_first_rank() ? options.events : "");
        return runs::fine_tune(values, base, task, events);
      },
      [&](const runs::FinishedRun& finished) {
        return report::finish_baselines(values, task, runs::with_prefix("test", finished.results.at("test")),
                                        finish_options(options));
      });
}

}  // namespace

void add_train_command(CLI::App& app) {
  const auto options = std::make_shared<TrainFlags>();
  CLI::App* command =
      app.add_subcommand("train", "Fine-tune a model on labeled texts, words or questions, and test it");
  add_run_config(*command);
  options->add_to(*command, tasks::task_names());
  command
      ->add_option("--events", options->events,
                   "Add a line of JSON to FILE for each event of the run: steps, evaluations, checkpoints")
      ->type_name("FILE")
      ->group("Output");
  command->footer(
      "Examples:\n"
      "  bertune train --model bert-base-uncased --train train.csv --output my-model\n"
      "  bertune train --model bert-base-uncased --train train.tsv \\\n"
      "    --validation dev.tsv --test test.tsv --output my-model --epochs 4\n"
      "  bertune train ... --output my-model --resume           after Ctrl-C or a crash\n"
      "  bertune train ... --output my-model --finish           end it, keep the best\n"
      "  bertune train --config my-model/run.yaml --output again  repeat a run\n"
      "Option names of Transformers are accepted too: see docs/from_the_trainer.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
