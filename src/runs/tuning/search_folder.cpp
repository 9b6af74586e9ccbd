#include "runs/tuning/search_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "bertune/error.h"
#include "bertune/lora.h"
#include "core/file.h"
#include "core/model_files.h"
#include "core/stopwatch.h"
#include "core/writing.h"
#include "insight/results/prediction_table.h"
#include "insight/results/tuning_file.h"
#include "runs/placed_run.h"
#include "runs/results.h"
#include "train/checkpoints.h"
#include "train/evaluation.h"
#include "train/loss.h"
#include "train/model_folder.h"

namespace bertune::runs {
namespace {

constexpr std::size_t kKeptCheckpoints = 6;

// The trials that were stopped and can continue, the best first.
std::vector<std::size_t> stopped_with_checkpoint(const std::vector<Trial>& trials) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < trials.size(); ++i)
    if (trials[i].kept_steps > 0 && trials[i].outcome == TrialOutcome::stopped) found.push_back(i);
  std::ranges::stable_sort(found, [&](std::size_t one, std::size_t other) {
    if (trials[one].reached.size() != trials[other].reached.size())
      return trials[one].reached.size() > trials[other].reached.size();
    return is_better(*trials[one].score(), *trials[other].score());
  });
  return found;
}

}  // namespace

SearchFolder::SearchFolder(const TrainOptions& options)
    : options_(options), output_(options.arguments.output_dir) {}

void SearchFolder::prepare() const {
  if (path_exists(output_ / insight::kTuningFile) && !options_.arguments.resume && !options_.overwrite) {
    throw UsageError(
        "output", fmt::format("`output={}`: already holds a search; add `resume` to continue it, `overwrite` "
                              "to start over, or choose another folder",
                              output_.string()));
  }
  if (!options_.overwrite) return;
  writing::unlink(output_ / insight::kTuningFile);
  if (path_exists(of(0) / "run.yaml")) writing::remove_tree(output_ / kTrialsFolder);
}

void SearchFolder::make_room(std::vector<Trial>& trials) const {
  if (options_.keep == KeptModels::all) return;
  const std::vector<std::size_t> stopped = stopped_with_checkpoint(trials);
  for (std::size_t i = kKeptCheckpoints; i < stopped.size(); ++i) {
    train::remove_checkpoints_except(of(stopped[i]), {});
    trials[stopped[i]].kept_steps = 0;
  }
  std::vector<std::size_t> finished;
  for (std::size_t i = 1; i < trials.size(); ++i)
    if (trials[i].is_finished()) finished.push_back(i);
  const auto best = std::ranges::min_element(finished, [&](std::size_t one, std::size_t other) {
    return is_better(*trials[one].end, *trials[other].end);
  });
  for (auto it = finished.begin(); it != finished.end(); ++it)
    if (it != best) remove_model(of(*it));
}

void SearchFolder::tidy(std::vector<Trial>& trials) const {
  if (options_.keep == KeptModels::all) return;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    train::remove_checkpoints_except(of(i), {});
    remove_model(of(i));
    trials[i].kept_steps = 0;
  }
}

void SearchFolder::place(std::size_t trial) const { place_run(of(trial), output_, {"runs"}); }

Metrics SearchFolder::test(tasks::TrainingData& data, const tasks::Examples& rows,
                           train::Observer& observer) const {
  const fs::path base = !is_adapter(output_)    ? fs::path()
                        : options_.base.empty() ? options_.model
                                                : options_.base;
  train::ModelFolder folder = train::ModelFolder::open(output_, {}, data.task->architecture(), "", base);
  train::restore_loss(folder.model, folder.settings, output_);
  data.task->restore_thresholds(folder.settings);
  const Stopwatch watch;
  train::RecordKeeper records(*data.task, rows, options_.max_prediction_rows);
  const auto progress = [&](std::int64_t done) { observer.on(EvaluationProgress{done, rows.rows()}); };
  Metrics metrics = train::evaluate(folder.model, *data.task, rows, options_.arguments.eval_batch_size,
                                    progress, options_.stop, records.recorder());
  const double seconds = std::max(watch.seconds(), 1e-9);
  write_results(output_, {{"test", evaluation_values(metrics, rows.items(), seconds)}});
  insight::PredictionTable table = insight::read_predictions(output_);
  std::erase_if(table.sets, [](const insight::PredictedSet& set) { return set.name == "test"; });
  const tasks::RecordForm form = table.form;
  insight::add_set(table, "test", options_.files.test.string(), records.take().get(), data.item_text);
  table.form = form;
  insight::write_predictions(output_, table);
  observer.on(Tested{metrics});
  return metrics;
}

}  // namespace bertune::runs
