// The settings of a training run (bertune/training_arguments.h): what is left to the task, and what they
// mean.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "bertune/training_arguments.h"
#include "core/json.h"
#include "train/fine_tuning.h"

namespace bertune::tasks {
class Task;
}

namespace bertune::train {

struct TrainingArguments : bertune::TrainingArguments {
  TrainingArguments() = default;
  explicit TrainingArguments(bertune::TrainingArguments arguments)
      : bertune::TrainingArguments(std::move(arguments)) {}

  // Gives what was left to the task its value.
  void settle(const tasks::Task& task);

  // The ones that decide the weights: what a resumed run must have in common with the interrupted one. To be
  // settled before.
  Json to_json() const;
};

// Throw UsageError, naming the choices: float32, bfloat16; stop, retry, warn.
CommunicationDtype communication_dtype_from_string(std::string_view name);
OnCollapse on_collapse_from_string(std::string_view name);

// Throws UsageError for values that cannot be, naming the option and the range.
void validate(const TrainingArguments& arguments);

// The fastest here where none is asked for. Throws UsageError for bf16 on a processor without it.
Precision precision_of(std::optional<Precision> wanted);

// An option of a run that is short for one of the optimizer: for the first of these names that it has.
struct ShortOption {
  std::string option;
  std::vector<std::string> names;
};
const std::vector<ShortOption>& short_options();

// A line for each option that was given and that the optimizer has no use for.
std::vector<std::string> options_without_effect(const TrainingArguments& arguments);

// All options of the schedule. One that follows a metric goes in the direction of the one that picks the best
// evaluation, unless it is told. Throws UsageError as ScheduleKind::resolve.
optim::OptionValues schedule_options(const TrainingArguments& arguments);

// Returns the shards of a step for so many ranks. Throws UsageError where fewer are asked for than there are
// ranks.
std::int64_t shards_for(const TrainingArguments& arguments, int ranks);

// Every option of the optimizer and of the schedule with its value, also those that were left out: under the
// names optim_args and lr_scheduler_kwargs, as optim::parse_options reads them, null for what
// there is not. Left out is what follows from other settings, the direction of a metric, and weight decay is
// under its own name, which means the same to all optimizers. Short options are null.
Json option_values(const TrainingArguments& arguments);

// Throws UsageError for a name or an option that there is not, listing the choices.
std::unique_ptr<optim::Optimizer> make_optimizer(const TrainingArguments& arguments, Parameters& parameters);

// The arithmetic of Transformers' Trainer.
struct StepPlan {
  std::int64_t steps_per_epoch = 0, total_steps = 0, warmup_steps = 0;
};
StepPlan plan_steps(const TrainingArguments& arguments, std::int64_t rows);
// Returns what is odd in the plan for this many rows, one line each.
std::vector<std::string> notes_on(const StepPlan& plan, const TrainingArguments& arguments,
                                  std::int64_t rows);

}  // namespace bertune::train
