// The settings of a training run, named as Transformers' TrainingArguments where it has them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "core/json.h"
#include "train/fine_tuning.h"

namespace bertune::tasks {
class Task;
}

namespace bertune::train {

struct TrainingArguments {
  std::filesystem::path output_dir;
  double num_train_epochs = 3;
  std::int64_t max_steps = -1;                   // positive: instead of epochs
  std::int64_t train_batch_size = 32;            // rows in memory at a time
  std::int64_t gradient_accumulation_steps = 1;  // such batches a step
  std::int64_t eval_batch_size = 64;
  std::string optimizer = "adamw";
  double learning_rate = 5e-5;
  // Options of the optimizer in PyTorch's names. The members after them are short for the options of these
  // names (adam_epsilon: eps); left out, options keep their defaults, but weight_decay is 0.01.
  optim::OptionValues optim_args;
  std::optional<double> weight_decay, adam_beta1, adam_beta2, adam_epsilon, momentum;
  bool nesterov = false;
  double max_grad_norm = 1.0;  // 0: no clipping
  std::string lr_scheduler_type = "linear";
  optim::OptionValues lr_scheduler_kwargs;
  double warmup_ratio = 0.1;
  std::int64_t warmup_steps = 0;  // positive: instead of the ratio
  double label_smoothing_factor = 0;
  std::string class_weights;       // "balanced", "name=weight,...", or a weight a label; empty: none
  double focal_loss_gamma = 0;     // 0: off
  std::string precision = "auto";  // of matrix products in training: fp32, bf16, or auto, the fastest here
  std::uint64_t seed = 42;
  std::int64_t eval_steps = 0;        // 0: an evaluation after each epoch
  std::int64_t save_steps = 0;        // 0: a checkpoint after each epoch
  std::int64_t logging_steps = 0;     // 0: about a hundred times a run
  std::string metric_for_best_model;  // empty: the task's default
  // Evaluations in a row that may be no better than the best by more than the threshold; 0: never stops
  // early.
  std::int64_t early_stopping_patience = 0;
  double early_stopping_threshold = 0;
  std::string save_dtype = "float32";  // of the finished model; checkpoints are always float32
  bool keep_checkpoints = false;       // else the run's checkpoints go once it has finished
  bool resume = false;
  FineTuning fine_tuning;

  // Gives what was left to the task its value.
  void settle(const tasks::Task& task);

  // The ones that decide the weights: what a resumed run must have in common with the interrupted one. To be
  // settled before.
  Json to_json() const;
};

// Throws UsageError for values that cannot be, naming the option and the range.
void validate(const TrainingArguments& arguments);

// Throws UsageError for an unknown precision, and for bf16 on a processor without it.
Precision precision_from_string(const std::string& name);

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

}  // namespace bertune::train
