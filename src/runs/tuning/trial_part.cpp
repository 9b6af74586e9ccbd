#include "runs/tuning/trial_part.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <variant>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/writing.h"
#include "runs/training_run.h"
#include "train/checkpoints.h"
#include "train/collapse_guard.h"
#include "train/evaluation.h"
#include "train/loss.h"

namespace bertune::runs {
namespace {

// Stops a training at a step, or where its time is over, and measures what takes how long.
class PartWatch : public train::Observer {
 public:
  PartWatch(train::Observer& next, const Clock& clock, std::optional<std::int64_t> target,
            std::optional<double> deadline)
      : next_(next), clock_(clock), target_(target), deadline_(deadline), began_(clock()) {}

  void on(const Event& event) override {
    next_.on(event);
    if (const auto* step = std::get_if<StepEvent>(&event)) {
      add_step(*step);
    } else if (std::holds_alternative<EvaluationEvent>(event) && steps_ > 0) {
      ++evaluations_, is_evaluated_ = true, evaluated_at_ = clock_();
    }
  }

  std::stop_token token() const { return stop_.get_token(); }
  void stop() { stop_.request_stop(); }
  bool reached() const { return reached_; }
  bool is_late() const { return is_late_; }
  std::int64_t steps() const { return steps_; }

  // `last`: seconds of an evaluation after the loop, or 0.
  Pace::Measured measured(double last) const {
    const double step = step_seconds();
    Pace::Measured measured{.rows = step * static_cast<double>(steps_),
                            .evaluations = evaluation_seconds_ + last};
    if (is_evaluated_) measured.evaluations += evaluated_at_ - last_step_;
    measured.rest = std::max(0.0, clock_() - began_ - measured.rows - measured.evaluations);
    return measured;
  }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  double step_seconds() const { return measured_ == 0 ? 0 : seconds_ / static_cast<double>(measured_); }

  void add_step(const StepEvent& step) {
    const double now = clock_();
    if (is_evaluated_) {
      evaluation_seconds_ += std::max(0.0, now - last_step_ - step_seconds());
    } else if (steps_ > 0) {
      seconds_ += now - last_step_, ++measured_;
    }
    is_evaluated_ = false, last_step_ = now;
    ++steps_;
    reached_ = target_ && step.step >= *target_;
    is_late_ = deadline_ && now > *deadline_ && step.step < step.total_steps;
    if (reached_ || is_late_) stop();
  }

  train::Observer& next_;
  const Clock& clock_;
  std::optional<std::int64_t> target_;
  std::optional<double> deadline_;
  std::stop_source stop_;
  double began_, last_step_ = 0, evaluated_at_ = 0, seconds_ = 0, evaluation_seconds_ = 0;
  std::int64_t steps_ = 0, measured_ = 0, evaluations_ = 0;
  bool is_evaluated_ = false, reached_ = false, is_late_ = false;
};

// The step of the checkpoint that a part continues from; 0: it begins anew. One beyond the rung is of
// somebody who trained on in the folder, and a finished run that the search does not know of was killed
// before it was told: both begin anew, with the same results.
std::int64_t settle_folder(const fs::path& folder, std::int64_t target) {
  writing::make_folders(folder);
  recover_folder(folder);
  if (path_exists(folder / "trainer_state.json")) writing::unlink(folder / "trainer_state.json");
  if (train::checkpoints(folder).empty()) return 0;
  try {
    const fs::path newest = train::newest_whole_checkpoint(folder).folder;
    const std::int64_t step = train::step_of(newest).value_or(0);
    if (step > 0 && step <= target) return step;
  } catch (const Error&) {
    // Damaged ones are no loss.
  }
  train::remove_checkpoints_except(folder, {});
  return 0;
}

RungScore score_of(const Metrics& metrics, const std::string& name) {
  const double value = (greater_is_better(name) ? 1 : -1) * metrics.value(name);
  double loss = HUGE_VAL;
  for (const auto& [metric, number] : metrics.values)
    if (metric == "loss" && std::isfinite(number)) loss = number;
  return {.value = std::isnan(value) ? -HUGE_VAL : value, .loss = loss};
}

class Part {
 public:
  Part(Trial& trial, const TrialPart& part, const TrainOptions& options, tasks::TrainingData& data,
       const BaseModel& base, train::Observer& observer, const Clock& clock)
      : trial_(trial),
        part_(part),
        options_(options),
        data_(data),
        base_(base),
        observer_(observer),
        clock_(clock) {
    options_.arguments.settle(*data.task);
    const std::int64_t target = steps_at(part.rung, trial.length.total_steps);
    if (target < trial.length.total_steps) target_ = target;
  }

  MeasuredPart run() {
    const double began = clock_();
    const fs::path& folder = options_.arguments.output_dir;
    from_ = settle_folder(folder, target_.value_or(trial_.length.total_steps));
    const FolderLock lock(folder);
    options_.arguments.resume = from_ > 0;
    PartWatch watch(observer_, clock_, target_, part_.deadline);
    BertPreTrainedModel model = new_model(options_, *data_.task);
    const std::stop_callback forward(options_.stop, [&] { watch.stop(); });
    target_ == from_ ? measure_checkpoint(model) : train(model, watch);
    trial_.seconds += clock_() - began;
    return measured(watch);
  }

 private:
  void train(BertPreTrainedModel& model, PartWatch& watch) {
    TrainOptions watched = options_;
    watched.stop = watch.token();
    try {
      const FinishedRun finished = run_training(watched, base_.tokenizer, model, data_, watch);
      write_for_report(watched.arguments.output_dir, finished, data_);
      trial_.end = score_of(*finished.validation_metrics, watched.arguments.metric_for_best_model);
      trial_.outcome = TrialOutcome::finished;
      trial_.steps = finished.training.state.global_step, trial_.kept_steps = 0;
    } catch (const train::Collapsed& collapsed) {
      trial_.outcome = TrialOutcome::collapsed, trial_.why = collapsed.what();
      trial_.steps = from_ + watch.steps(), trial_.kept_steps = 0;
      train::remove_checkpoints_except(watched.arguments.output_dir, {});
    } catch (const Interrupted&) {
      if (options_.stop.stop_requested() || (!watch.reached() && !watch.is_late())) throw;
      trial_.steps = trial_.kept_steps = from_ + watch.steps();
      if (watch.reached()) {
        measure(model);
      } else {
        trial_.outcome = TrialOutcome::out_of_time;
      }
    }
  }

  // Killed, or stopped, between the checkpoint and what was to be measured of it.
  void measure_checkpoint(BertPreTrainedModel& model) {
    set_up_fine_tuning(options_, data_, model);
    model.set_loss(train::loss_options(options_.arguments, model.config(), *data_.train));
    model.load_weights(train::checkpoint_path(options_.arguments.output_dir, from_));
    trial_.steps = trial_.kept_steps = from_;
    measure(model);
  }

  void measure(BertPreTrainedModel& model) {
    const double began = clock_();
    const Metrics metrics = train::evaluate(
        model, *data_.task, *data_.validation, options_.arguments.eval_batch_size,
        [&](std::int64_t rows) {
          observer_.on(EvaluationProgress{rows, data_.validation->rows()});
        },
        options_.stop);
    trial_.reached.resize(part_.rung);
    trial_.reached.push_back(score_of(metrics, options_.arguments.metric_for_best_model));
    trial_.outcome = TrialOutcome::stopped;
    evaluation_ = clock_() - began;
  }

  MeasuredPart measured(const PartWatch& watch) {
    MeasuredPart result{.seconds = watch.measured(evaluation_)};
    result.work.rows = static_cast<double>(watch.steps()) * static_cast<double>(trial_.length.rows) /
                       static_cast<double>(trial_.length.steps_per_epoch);
    result.work.evaluations = static_cast<double>(watch.evaluations() + (evaluation_ > 0 ? 1 : 0));
    result.work.parts = 1;
    if (watch.steps() > 1) trial_.row_seconds = result.seconds.rows / result.work.rows;
    return result;
  }

  Trial& trial_;
  const TrialPart& part_;
  TrainOptions options_;
  tasks::TrainingData& data_;
  const BaseModel& base_;
  train::Observer& observer_;
  const Clock& clock_;
  std::optional<std::int64_t> target_;  // unset: the end
  std::int64_t from_ = 0;
  double evaluation_ = 0;
};

}  // namespace

MeasuredPart train_part(Trial& trial, const TrialPart& part, const TrainOptions& options,
                        tasks::TrainingData& data, const BaseModel& base, train::Observer& observer,
                        const Clock& clock) {
  return Part(trial, part, options, data, base, observer, clock).run();
}

}  // namespace bertune::runs
