#include "runs/seed_runs.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/model_files.h"
#include "core/writing.h"
#include "distributed/ranks.h"
#include "insight/results/seed_group.h"
#include "runs/identity.h"
#include "runs/output.h"
#include "runs/part_statistics.h"
#include "runs/seed_folders.h"
#include "runs/training_run.h"
#include "train/checkpoints.h"

namespace bertune::runs {
namespace {

class SeedTraining {
 public:
  SeedTraining(TrainOptions options, const BaseModel& base, const tasks::TaskEntry& task,
               train::Observer& observer)
      : options_(std::move(options)),
        base_(base),
        task_(task),
        observer_(observer),
        folders_(options_.arguments.output_dir, options_.keep) {
    for (std::int64_t i = 0; i < *options_.seeds; ++i)
      done_.seeds.push_back(options_.arguments.seed + static_cast<std::uint64_t>(i));
  }

  SeedRuns run() {
    folders_.prepare(options_);
    tasks::TrainingData data = read_training(options_, base_, task_, observer_);
    options_.arguments.settle(*data.task);
    if (data.validation == nullptr && options_.keep == KeptModels::best) {
      throw UsageError("keep",
                       "`seeds` keeps the model that is best on validation rows, and there are none: give "
                       "`validation=FILE`, leave out `validation_split=0`, or keep every model with "
                       "`keep=all`");
    }
    identify(data);
    if (options_.arguments.resume) folders_.require_unfinished(identity_);
    write_settings(options_, data);
    for (std::size_t i = 0; i < done_.seeds.size(); ++i) finish_seed(i, data);
    finish();
    return std::move(done_);
  }

 private:
  void identify(const tasks::TrainingData& data) {
    Json arguments = options_.arguments.to_json();
    arguments.erase("seed");
    identity_ = {{"arguments", std::move(arguments)},
                 {"base", model_identity(options_.base)},
                 {"keep", options_.keep == KeptModels::best ? "best" : "all"},
                 {"model", model_identity(options_.model)},
                 {"seeds", done_.seeds},
                 {"test", rows_identity(data.test.get())},
                 {"train", rows_identity(data.train.get())},
                 {"validation", rows_identity(data.validation.get())}};
    if (options_.method != Method::fine_tune) identity_["method"] = to_string(options_.method);
  }

  // The run of a seed is that of a run of its own, in a folder of its own.
  TrainOptions options_of(std::uint64_t seed) const {
    TrainOptions options = options_;
    const fs::path folder = folders_.folder(seed);
    options.seeds.reset();
    options.arguments.seed = seed;
    options.arguments.output_dir = folder;
    recover_folder(folder);
    options.arguments.resume = options_.arguments.resume && !train::checkpoints(folder).empty();
    return options;
  }

  void finish_seed(std::size_t number, tasks::TrainingData& data) {
    const std::uint64_t seed = done_.seeds[number];
    SeedEnded ended{.seed = seed, .number = static_cast<std::int64_t>(number), .seeds = *options_.seeds};
    observer_.on(SeedBegins{.seed = seed, .number = ended.number, .seeds = ended.seeds});
    const TrainOptions options = options_of(seed);
    Json results = options_.arguments.resume ? folders_.finished_results(seed, identity_) : Json();
    ended.done_before = !results.is_null();
    if (!ended.done_before) {
      writing::make_folders(folders_.folder(seed));
      // A run that was killed before its results were saved is not finished: it ends once more, from its
      // checkpoint.
      if (options.arguments.resume && path_exists(folders_.folder(seed) / "trainer_state.json"))
        writing::unlink(folders_.folder(seed) / "trainer_state.json");
      const FinishedRun run = fine_tune_on(data, options, base_, observer_);
      results = results_of(seed, run);
      folders_.save_results(seed, results, identity_);
      ended.validation = run.validation_metrics, ended.test = run.test_metrics;
    }
    done_.runs.push_back(std::move(results));
    compare_with_best(number);
    observer_.on(ended);
  }

  Json results_of(std::uint64_t seed, const FinishedRun& run) const {
    Json metrics = Json::object();
    if (run.validation_metrics) metrics.update(with_prefix("eval", metric_values(*run.validation_metrics)));
    if (run.test_metrics) metrics.update(with_prefix("test", metric_values(*run.test_metrics)));
    return {{"best_step", run.training.state.best_step},
            {"metrics", std::move(metrics)},
            {"runtime", run.training.runtime},
            {"seed", seed},
            {"train_loss", run.training.train_loss}};
  }

  std::string chosen_by() const { return "eval_" + options_.arguments.metric_for_best_model; }

  // Unset where there were no validation rows; a metric that is no number is worse than any.
  std::optional<double> validated(std::size_t number) const {
    const Json& metrics = done_.runs[number].at("metrics");
    const auto value = metrics.find(chosen_by());
    if (value == metrics.end()) return std::nullopt;
    const double sign = greater_is_better(options_.arguments.metric_for_best_model) ? 1 : -1;
    return value->is_number() ? sign * value->get<double>() : -HUGE_VAL;
  }

  // One model beside the best is on the disk at a time.
  void compare_with_best(std::size_t number) {
    const std::optional<double> value = validated(number);
    if (!value) return;
    const bool better = !done_.best || *value > best_value_;
    if (!better) return folders_.leave_results(done_.seeds[number]);
    if (done_.best) folders_.leave_results(*done_.best);
    done_.best = done_.seeds[number], best_value_ = *value;
  }

  void finish() {
    Json& results = done_.results = part_statistics(done_.runs);
    results["best"] = done_.best ? Json(*done_.best) : Json();
    results["bertune_version"] = BERTUNE_VERSION;
    results["chosen_by"] = done_.best ? Json(chosen_by()) : Json();
    results["seed_results"] = done_.runs;
    results["seeds"] = done_.seeds;
    results["split_seed"] = options_.files.seed;
    if (done_.best) folders_.place_best(*done_.best);
    done_.file = options_.arguments.output_dir / insight::kSeedsFile;
    folders_.finish(results, done_.seeds, identity_);
  }

  TrainOptions options_;
  const BaseModel& base_;
  const tasks::TaskEntry& task_;
  train::Observer& observer_;
  SeedFolders folders_;
  SeedRuns done_;
  double best_value_ = 0;
  Json identity_;
};

}  // namespace

SeedRuns train_seeds(const TrainOptions& options, const BaseModel& base, const tasks::TaskEntry& task,
                     train::Observer& observer) {
  if (const distributed::Ranks* ranks = distributed::current(); ranks != nullptr && ranks->size() > 1) {
    throw UsageError("seeds",
                     "`seeds` trains one model after another in one process; on several machines, train each "
                     "as a job of its own, with its `seed` and the same `split_seed`");
  }
  return SeedTraining(options, base, task, observer).run();
}

}  // namespace bertune::runs
