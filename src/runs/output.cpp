#include "runs/output.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <system_error>

#include "bertune/error.h"
#include "core/file.h"
#include "core/writing.h"
#include "distributed/ranks.h"
#include "insight/results/long_text_file.h"
#include "insight/results/seed_group.h"
#include "insight/results/shown_files.h"
#include "insight/results/tuning_file.h"
#include "runs/method_choice.h"
#include "train/checkpoints.h"
#include "train/model_folder.h"

namespace bertune::runs {
namespace {

// A launcher or a service starts a job again while the killed one still leaves the disk: it is waited for a
// moment, in place of a failure that costs the job its place in the queue.
constexpr std::chrono::seconds kTimeToLeave(20);
// One that is to be finished may have been asked to stop just now: a step and a checkpoint take their time.
constexpr std::chrono::seconds kTimeToStop(120);

FolderLock lock_of_run(const TrainOptions& options) {
  const fs::path& output = options.arguments.output_dir;
  if (!options.arguments.resume) return FolderLock(output);
  return FolderLock::wait_for(
      output, options.stop, [] {}, options.arguments.finish ? kTimeToStop : kTimeToLeave);
}

}  // namespace

FolderLock prepare_output(const TrainOptions& options) {
  const fs::path& output = options.arguments.output_dir;
  std::error_code error;
  if (fs::exists(output, error) && !fs::is_directory(output, error)) {
    throw UsageError("output", fmt::format("`output={}`: is a file, not a folder", output.string()));
  }
  recover_folder(output);
  const bool has_model = fs::exists(output / "config.json", error);
  const bool has_checkpoint = !train::checkpoints(output).empty();
  if ((has_model || has_checkpoint) && !options.overwrite && !options.arguments.resume) {
    throw UsageError(
        "output",
        fmt::format(
            "`output={}`: already holds a {}; add `resume` to continue it, `overwrite` to start over, "
            "or choose another folder",
            output.string(), has_checkpoint ? "checkpoint" : "model"));
  }
  writing::make_folders(output);
  FolderLock lock = lock_of_run(options);
  const AtomicDirectory as_in_the_end(output);  // what cannot be is found out now, not after an epoch
  require_writable(output);
  if (path_exists(output / insight::kSeedsFile) && !options.overwrite && !options.seeds) {
    throw UsageError("output",
                     fmt::format("`output={}`: holds the runs of several seeds, which continue with `seeds` "
                                 "alone; `overwrite` starts over",
                                 output.string()));
  }
  if (path_exists(output / insight::kTuningFile) && !options.overwrite && !options.is_search) {
    throw UsageError("output", fmt::format("`output={}`: holds a search for settings, which continues with "
                                           "`tune()`; `overwrite` starts over",
                                           output.string()));
  }
  if (options.overwrite) {
    train::remove_checkpoints_except(output, {});
    // The first two would say that this run is finished, the others that they are of it.
    for (const char* name : {"trainer_state.json", insight::kSeedsFile, insight::kTuningFile,
                             insight::kCurveFile, insight::kSuggestionsFile, "plan.json", "data_check.json",
                             "baselines.json", kMethodFile, insight::kLongTextFile})
      writing::unlink(output / name);
  }
  return lock;
}

// Two checkpoints with optimizer state and the model itself are on the disk at a time.
void require_disk(const TrainOptions& options, const BertPreTrainedModel& model,
                  const train::Trainer& trainer) {
  const std::uint64_t model_bytes = train::saved_bytes(model);
  const std::uint64_t needed = 2 * trainer.checkpoint_bytes() + model_bytes,
                      available = free_disk_bytes(options.arguments.output_dir);
  if (available < needed) {
    throw Error(fmt::format(
        "`output={}`: the run needs about {} MiB for checkpoints and the disk has {} MiB; free some space "
        "or choose another place",
        options.arguments.output_dir.string(), needed >> 20, available >> 20));
  }
}

namespace {

// Returns the run's values of settings that were left to it, under the names of their options. Columns are
// detected for each file, and stay so.
Json resolved_settings(const TrainOptions& options, const tasks::TrainingData& data) {
  Json resolved = Json::object();
  for (const auto& [name, value] : data.settings.items())
    if (!name.ends_with("_column")) resolved[name] = value;
  const Json arguments = options.arguments.to_json();
  resolved["task"] = data.task->name();
  if (const std::optional<LongText> long_text = options.files.long_text.long_text) {
    resolved["long_text"] = to_string(*long_text);
    if (*long_text != LongText::windows) resolved["window_stride"] = resolved["window_score"] = Json();
  }
  resolved["eval_strategy"] = Json(), resolved["eval_steps"] = arguments.at("eval_steps");
  if (!options.arguments.fine_tuning.lora) {
    for (const char* detail : {"lora_rank", "lora_alpha", "lora_targets", "rslora"})
      resolved[detail] = Json();
  }
  resolved["precision"] = arguments.at("precision");
  const distributed::Ranks* ranks = distributed::current();
  const std::int64_t shards = train::shards_for(options.arguments, ranks == nullptr ? 1 : ranks->size());
  resolved["shards"] = shards == 1 ? Json() : Json(shards);
  resolved["metric_for_best_model"] = options.arguments.metric_for_best_model;
  resolved["warmup_ratio"] = arguments.at("warmup_ratio");
  resolved["warmup_steps"] = options.arguments.warmup_steps > 0 ? arguments.at("warmup_steps") : Json();
  resolved.update(train::option_values(options.arguments));
  resolved["seed"] = options.arguments.seed;
  const std::uint64_t split_seed = options.files.seed;
  resolved["split_seed"] = split_seed == options.arguments.seed ? Json() : Json(split_seed);
  resolved["seeds"] = options.seeds ? Json(*options.seeds) : Json();
  if (!options.retries.empty()) resolved["learning_rate"] = options.arguments.learning_rate;
  return resolved;
}

}  // namespace

void write_settings(const TrainOptions& options, const tasks::TrainingData& data) {
  const fs::path path = options.arguments.output_dir / "run.yaml";
  if (!options.settings_text || (options.arguments.resume && fs::exists(path))) return;
  write_file_atomically(path, options.settings_text(resolved_settings(options, data)));
}

}  // namespace bertune::runs
