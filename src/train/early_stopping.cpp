#include "train/early_stopping.h"

#include <fmt/format.h>

#include "bertune/metrics.h"

namespace bertune::train {

std::int64_t evaluations_without_gain(const TrainingArguments& arguments, const RunState& state,
                                      const std::string& metric, double value) {
  if (!state.best_metric) return 0;
  const double gain = greater_is_better(metric) ? value - *state.best_metric : *state.best_metric - value;
  return gain > arguments.early_stopping_threshold ? 0 : state.evaluations_without_gain + 1;
}

namespace {

std::string where_it_stopped(const RunState& state, const StepPlan& plan) {
  return fmt::format("stopped early after step {} of {} (epoch {:.4g})", state.global_step, plan.total_steps,
                     static_cast<double>(state.global_step) / static_cast<double>(plan.steps_per_epoch));
}

}  // namespace

bool stops_early(const TrainingArguments& arguments, const RunState& state, const StepPlan& plan) {
  return arguments.early_stopping_patience > 0 && state.global_step < plan.total_steps &&
         state.evaluations_without_gain >= arguments.early_stopping_patience;
}

std::string why_it_stopped(const TrainingArguments& arguments, const RunState& state, const StepPlan& plan,
                           const std::string& metric) {
  const double threshold = arguments.early_stopping_threshold;
  const std::int64_t count = state.evaluations_without_gain;
  return fmt::format(
      "{}: no gain in {}{} in {}; the best is {:.4f}, at step {} (`early_stopping_patience={}`)",
      where_it_stopped(state, plan), metric, threshold > 0 ? fmt::format(" above {}", threshold) : "",
      count == 1 ? "an evaluation" : fmt::format("{} evaluations in a row", count),
      state.best_metric.value_or(0), state.best_step, arguments.early_stopping_patience);
}

std::string why_it_was_finished(const RunState& state, const StepPlan& plan, const std::string& metric) {
  const std::string best = state.best_metric ? fmt::format("; the best {} is {:.4f}, at step {}", metric,
                                                           *state.best_metric, state.best_step)
                                             : "";
  return fmt::format("{} by `finish`{}", where_it_stopped(state, plan), best);
}

}  // namespace bertune::train
