// Schedule gives the learning rate over a run: the schedules of Transformers' get_scheduler.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/export.h"
#include "bertune/options.h"

namespace bertune::optim {

// The peak and the length of a schedule.
struct ScheduleSpan {
  double learning_rate = 0;  // at its peak
  std::int64_t warmup_steps = 0, total_steps = 0;
};

class BERTUNE_EXPORT Schedule {
 public:
  virtual ~Schedule() = default;
  // Returns the learning rate of the step numbered `step`, from 0.
  virtual double learning_rate(std::int64_t step) const = 0;
  // Returns whether the schedule follows a metric; observe() then takes one evaluation's value, and the rate
  // may change with the next step.
  virtual bool follows_metric() const { return false; }
  virtual void observe(double /*metric*/) {}
  // Returns the state of such a schedule that a resumed run must restore.
  virtual std::vector<double> state() const { return {}; }
  // Restores that state; throws Error if `state` cannot be this schedule's.
  virtual void restore(std::span<const double> state);
};

struct ScheduleKind {
  std::string name;                 // as in TrainingArguments.lr_scheduler_type: "linear"
  std::vector<OptionInfo> options;  // lr_scheduler_kwargs, with Transformers' defaults
  // Returns all options, with defaults for those not given. Throws UsageError as Algorithm::resolve does.
  std::function<OptionValues(const OptionValues&)> resolve;
  // Makes the schedule; throws UsageError for options that do not go with the span.
  std::function<std::unique_ptr<Schedule>(const ScheduleSpan&, const OptionValues&)> make;
};
BERTUNE_EXPORT std::span<const ScheduleKind> schedules();
// Returns the schedule of this name. Throws UsageError for an unknown name, with the closest match and the
// list.
BERTUNE_EXPORT const ScheduleKind& schedule_from_string(std::string_view name);

}  // namespace bertune::optim
