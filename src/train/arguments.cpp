#include "train/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "bertune/error.h"
#include "bertune/metrics.h"
#include "core/counted.h"
#include "core/names.h"
#include "distributed/ranks.h"
#include "tasks/task.h"

namespace bertune::train {

namespace {

// Returns whether an optimizer or a schedule has the option.
template <typename Kind>
bool has(const Kind& kind, std::string_view option) {
  return std::ranges::find(kind.options, option, &optim::OptionInfo::name) != kind.options.end();
}

// An option of a run that is short for one of the optimizer.
struct GivenShort {
  std::string name;
  std::optional<std::string> value;   // that was given
  std::optional<std::string> option;  // that the optimizer has for it
};

std::vector<GivenShort> given_shorts(const TrainingArguments& a, const optim::Algorithm& algorithm) {
  const auto text = [](std::optional<double> value) {
    return value ? std::optional(fmt::format("{}", *value)) : std::nullopt;
  };
  const std::map<std::string, std::optional<std::string>> values = {
      {"adam_beta1", text(a.adam_beta1)},
      {"adam_beta2", text(a.adam_beta2)},
      {"adam_epsilon", text(a.adam_epsilon)},
      {"momentum", text(a.momentum)},
      {"weight_decay", text(a.weight_decay)},
      {"nesterov", a.nesterov ? std::optional<std::string>("true") : std::nullopt}};
  std::vector<GivenShort> shorts;
  for (const ShortOption& known : short_options()) {
    const auto name =
        std::ranges::find_if(known.names, [&](const std::string& n) { return has(algorithm, n); });
    shorts.push_back({known.option, values.at(known.option),
                      name == known.names.end() ? std::nullopt : std::optional(*name)});
  }
  return shorts;
}

optim::OptionValues optimizer_options(const TrainingArguments& a, const optim::Algorithm& algorithm) {
  optim::OptionValues options = a.optim_args;
  for (const GivenShort& given : given_shorts(a, algorithm)) {
    if (!given.value || !given.option) continue;
    if (!options.emplace(*given.option, *given.value).second)
      throw UsageError(given.name, fmt::format("`{}` and {} in `optim_args`: give one of them", given.name,
                                               *given.option));
  }
  if (has(algorithm, "weight_decay")) options.emplace("weight_decay", "0.01");
  return options;
}

Json text_or_null(const optim::OptionValues& options) {
  return options.empty() ? Json() : Json(optim::options_text(options));
}

bool begins_at_zero(const TrainingArguments& a) {
  const bool warms_up = a.warmup_ratio > 0 || a.warmup_steps > 0;
  const optim::ScheduleSpan span = {
      .learning_rate = a.learning_rate, .warmup_steps = warms_up ? 1 : 0, .total_steps = 2};
  return optim::schedule_from_string(a.lr_scheduler_type)
             .make(span, a.lr_scheduler_kwargs)
             ->learning_rate(0) == 0;
}

}  // namespace

CommunicationDtype communication_dtype_from_string(std::string_view name) {
  constexpr Names kTypes(std::to_array<Named<CommunicationDtype>>(
      {{CommunicationDtype::float32, "float32"}, {CommunicationDtype::bfloat16, "bfloat16"}}));
  if (const auto type = kTypes.find(name)) return *type;
  throw UsageError("communication_dtype",
                   fmt::format("`communication_dtype` is \"{}\"; it must be {}", name, kTypes.choices("or")));
}

OnCollapse on_collapse_from_string(std::string_view name) {
  constexpr Names kReactions(std::to_array<Named<OnCollapse>>(
      {{OnCollapse::stop, "stop"}, {OnCollapse::retry, "retry"}, {OnCollapse::warn, "warn"}}));
  if (const auto reaction = kReactions.find(name)) return *reaction;
  throw UsageError("on_collapse",
                   fmt::format("`on_collapse` is \"{}\"; it must be {}", name, kReactions.choices("or")));
}

const std::vector<ShortOption>& short_options() {
  static const std::vector<ShortOption> kShort = {
      {"adam_beta1", {"beta1"}},  {"adam_beta2", {"beta2"}},          {"adam_epsilon", {"adamw_eps", "eps"}},
      {"momentum", {"momentum"}}, {"weight_decay", {"weight_decay"}}, {"nesterov", {"nesterov"}}};
  return kShort;
}

void TrainingArguments::settle(const tasks::Task& task) {
  if (metric_for_best_model.empty()) metric_for_best_model = task.default_metric();
  constexpr std::string_view kTransformersPrefix = "eval_";
  if (metric_for_best_model.starts_with(kTransformersPrefix))
    metric_for_best_model.erase(0, kTransformersPrefix.size());
}

Json TrainingArguments::to_json() const {
  const optim::Algorithm& algorithm = optim::algorithm_from_string(optimizer);
  Json values = {{"class_weights", class_weights},
                 {"early_stopping_patience", early_stopping_patience},
                 {"early_stopping_threshold", early_stopping_threshold},
                 {"eval_steps", eval_steps},
                 {"fine_tuning", train::to_json(fine_tuning)},
                 {"focal_loss_gamma", focal_loss_gamma},
                 {"gradient_accumulation_steps", gradient_accumulation_steps},
                 {"label_smoothing_factor", label_smoothing_factor},
                 {"learning_rate", learning_rate},
                 {"lr_scheduler_kwargs", schedule_options(*this)},
                 {"lr_scheduler_type", lr_scheduler_type},
                 {"max_grad_norm", max_grad_norm},
                 {"max_steps", max_steps},
                 {"metric_for_best_model", metric_for_best_model},
                 {"num_train_epochs", num_train_epochs},
                 {"optimizer", algorithm.name},
                 {"optimizer_options", algorithm.resolve(optimizer_options(*this, algorithm))},
                 {"precision", precision_of(precision) == Precision::bf16 ? "bf16" : "fp32"},
                 {"seed", seed},
                 {"train_batch_size", train_batch_size},
                 {"warmup_ratio", warmup_ratio},
                 {"warmup_steps", warmup_steps}};
  if (data_seed && *data_seed != seed) values["data_seed"] = *data_seed;
  return values;
}

void validate(const TrainingArguments& arguments) {
  const auto require = [](bool holds, const char* option, auto value, std::string_view range) {
    if (!holds) throw UsageError(option, fmt::format("`{}` is {}; it must be {}", option, value, range));
  };
  require(arguments.num_train_epochs > 0 && arguments.num_train_epochs <= 1e6, "epochs",
          arguments.num_train_epochs, "above 0");
  require(arguments.max_steps != 0, "max_steps", arguments.max_steps,
          "at least 1; left out, `epochs` counts");
  require(arguments.train_batch_size > 0 && arguments.train_batch_size <= 1'000'000'000, "batch_size",
          arguments.train_batch_size, "at least 1 (and at most 1e9)");
  require(arguments.gradient_accumulation_steps > 0 && arguments.gradient_accumulation_steps <= 1'000'000,
          "gradient_accumulation_steps", arguments.gradient_accumulation_steps, "from 1 to 1000000");
  require(arguments.label_smoothing_factor >= 0 && arguments.label_smoothing_factor < 1, "label_smoothing",
          arguments.label_smoothing_factor, "in [0, 1)");
  require(arguments.focal_loss_gamma >= 0 && arguments.focal_loss_gamma <= 100, "focal_loss",
          arguments.focal_loss_gamma, "from 0 to 100 (2 is usual; 0: off)");
  require(arguments.early_stopping_patience >= 0, "early_stopping_patience",
          arguments.early_stopping_patience, "at least 0 (0: never)");
  require(std::isfinite(arguments.early_stopping_threshold) && arguments.early_stopping_threshold >= 0,
          "early_stopping_threshold", arguments.early_stopping_threshold, "at least 0");
  require(arguments.eval_steps >= 0, "eval_steps", arguments.eval_steps, "at least 0 (0: after each epoch)");
  if (arguments.finish && !arguments.resume)
    throw UsageError("finish", "`finish` ends a training that was stopped: give `resume` too");
  if (arguments.label_smoothing_factor > 0 && arguments.focal_loss_gamma > 0)
    throw UsageError("`label_smoothing` and `focal_loss` cannot be combined");
  require(
      arguments.shards >= 0 && arguments.shards <= 65536 && (arguments.shards & (arguments.shards - 1)) == 0,
      "shards", arguments.shards, "a power of two, from 1 to 65536");
  require(arguments.eval_batch_size > 0, "eval_batch_size", arguments.eval_batch_size, "at least 1");
  require(std::isfinite(arguments.learning_rate) && arguments.learning_rate >= 0, "learning_rate",
          arguments.learning_rate, "a number of at least 0");
  const double beta1 = arguments.adam_beta1.value_or(0), beta2 = arguments.adam_beta2.value_or(0);
  require(arguments.weight_decay.value_or(0) >= 0, "weight_decay", arguments.weight_decay.value_or(0),
          "at least 0");
  require(beta1 >= 0 && beta1 < 1, "adam_beta1", beta1, "in [0, 1)");
  require(beta2 >= 0 && beta2 < 1, "adam_beta2", beta2, "in [0, 1)");
  require(arguments.adam_epsilon.value_or(0) >= 0, "adam_epsilon", arguments.adam_epsilon.value_or(0),
          "at least 0");
  require(arguments.momentum.value_or(0) >= 0, "momentum", arguments.momentum.value_or(0), "at least 0");
  require(arguments.max_grad_norm >= 0, "max_grad_norm", arguments.max_grad_norm,
          "at least 0 (0: no clipping)");
  require(arguments.warmup_ratio >= 0 && arguments.warmup_ratio <= 1, "warmup_ratio", arguments.warmup_ratio,
          "in [0, 1]");
  require(arguments.warmup_steps >= 0, "warmup_steps", arguments.warmup_steps, "at least 0");
  require(arguments.save_steps >= 0, "save_every", arguments.save_steps, "at least 0 (0: after each epoch)");
  const optim::Algorithm& algorithm = optim::algorithm_from_string(arguments.optimizer);
  algorithm.resolve(optimizer_options(arguments, algorithm));
  if (arguments.shard_optimizer && algorithm.whole_tensors) {
    throw UsageError(
        "shard_optimizer",
        fmt::format("`shard_optimizer` divides the parameters among ranks, and a step of {} needs "
                    "whole tensors; take another `optimizer`, such as adamw",
                    algorithm.name));
  }
  optim::schedule_from_string(arguments.lr_scheduler_type)
      .make({.learning_rate = arguments.learning_rate, .total_steps = 1}, arguments.lr_scheduler_kwargs);
  if (arguments.precision == Precision::int8)
    throw UsageError("precision", "`precision=int8` is for predictions; train with bf16, fp32 or auto");
  precision_of(arguments.precision);
}

Precision precision_of(std::optional<Precision> wanted) {
  if (wanted == Precision::bf16 && !has_bf16_products()) {
    throw UsageError("precision",
                     "`precision=bf16`: this processor does not multiply bf16 numbers; take fp32, or auto");
  }
  return wanted.value_or(fastest_precision());
}

std::vector<std::string> options_without_effect(const TrainingArguments& arguments) {
  const optim::Algorithm& algorithm = optim::algorithm_from_string(arguments.optimizer);
  std::vector<std::string> notes;
  for (const GivenShort& given : given_shorts(arguments, algorithm)) {
    if (given.value && !given.option)
      notes.push_back(fmt::format("`{}` has no effect: {} has no such option", given.name, algorithm.name));
  }
  if (arguments.early_stopping_threshold > 0 && arguments.early_stopping_patience == 0)
    notes.emplace_back("`early_stopping_threshold` has no effect without `early_stopping_patience`");
  if (distributed::current() == nullptr) {
    if (arguments.shard_optimizer)
      notes.emplace_back("`shard_optimizer` has no effect: there is one process, which has all of it");
    if (arguments.communication_dtype != CommunicationDtype::float32)
      notes.emplace_back("`communication_dtype` has no effect: there is one process, which sends nothing");
  }
  if (algorithm.needs_closure && arguments.max_grad_norm > 0) {
    notes.push_back(
        fmt::format("`max_grad_norm` has no effect: {} searches along the loss as it is", algorithm.name));
  }
  if (algorithm.name == "rprop" && begins_at_zero(arguments)) {
    notes.emplace_back(
        "`learning_rate` has no effect: rprop begins with the rate of the first step, which is 0 in a "
        "warm-up; take `schedule=constant`");
  }
  return notes;
}

optim::OptionValues schedule_options(const TrainingArguments& arguments) {
  const optim::ScheduleKind& kind = optim::schedule_from_string(arguments.lr_scheduler_type);
  optim::OptionValues options = arguments.lr_scheduler_kwargs;
  const std::string& metric = arguments.metric_for_best_model;
  if (has(kind, "mode") && !metric.empty())
    options.emplace("mode", greater_is_better(metric) ? "max" : "min");
  return kind.resolve(options);
}

std::int64_t shards_for(const TrainingArguments& arguments, int ranks) {
  constexpr std::uint64_t kFewest = 8;  // so that a few ranks more or less need no other number
  if (arguments.shards == 0 && ranks == 1) return 1;
  if (arguments.shards == 0)
    return static_cast<std::int64_t>(std::max(kFewest, std::bit_ceil(static_cast<std::uint64_t>(ranks))));
  if (arguments.shards >= ranks) return arguments.shards;
  throw UsageError("shards",
                   fmt::format("`shards` is {}, and there are {} ranks; it must be at least as many",
                               arguments.shards, ranks));
}

Json option_values(const TrainingArguments& arguments) {
  const optim::Algorithm& algorithm = optim::algorithm_from_string(arguments.optimizer);
  optim::OptionValues options = algorithm.resolve(optimizer_options(arguments, algorithm)),
                      schedule = schedule_options(arguments);
  Json values = Json::object();
  for (const ShortOption& known : short_options()) values[known.option] = Json();
  if (const auto decay = options.find("weight_decay"); decay != options.end()) {
    values["weight_decay"] = decay->second;
    options.erase(decay);
  }
  if (!arguments.lr_scheduler_kwargs.contains("mode")) schedule.erase("mode");
  values["optim_args"] = text_or_null(options);
  values["lr_scheduler_kwargs"] = text_or_null(schedule);
  return values;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const TrainingArguments& arguments, Parameters& parameters) {
  const optim::Algorithm& algorithm = optim::algorithm_from_string(arguments.optimizer);
  return algorithm.make(parameters, arguments.learning_rate, optimizer_options(arguments, algorithm));
}

std::vector<std::string> notes_on(const StepPlan& plan, const TrainingArguments& arguments,
                                  std::int64_t rows) {
  std::vector<std::string> notes;
  if (plan.warmup_steps > plan.total_steps) {
    notes.push_back(fmt::format(
        "`warmup_steps` is {}, and the run has {}: the learning rate rises to {:.2g} at most, not to {:g}",
        plan.warmup_steps, counted(plan.total_steps, "step"),
        arguments.learning_rate * static_cast<double>(plan.total_steps) /
            static_cast<double>(plan.warmup_steps),
        arguments.learning_rate));
  }
  const std::int64_t a_step = arguments.train_batch_size * arguments.gradient_accumulation_steps;
  if (a_step > rows) {
    notes.push_back(fmt::format(
        "a step has room for {} rows (`batch_size` times `gradient_accumulation_steps`), and there "
        "are {}: each epoch is one step",
        a_step, rows));
  }
  if (arguments.learning_rate == 0) notes.emplace_back("`learning_rate` is 0: nothing is learned");
  return notes;
}

StepPlan plan_steps(const TrainingArguments& arguments, std::int64_t rows) {
  StepPlan plan;
  const std::int64_t batches = (rows + arguments.train_batch_size - 1) / arguments.train_batch_size;
  plan.steps_per_epoch =
      (batches + arguments.gradient_accumulation_steps - 1) / arguments.gradient_accumulation_steps;
  plan.total_steps = arguments.max_steps > 0
                         ? arguments.max_steps
                         : static_cast<std::int64_t>(std::ceil(static_cast<double>(plan.steps_per_epoch) *
                                                               arguments.num_train_epochs));
  plan.warmup_steps = arguments.warmup_steps > 0
                          ? arguments.warmup_steps
                          : static_cast<std::int64_t>(
                                std::ceil(static_cast<double>(plan.total_steps) * arguments.warmup_ratio));
  return plan;
}

}  // namespace bertune::train
