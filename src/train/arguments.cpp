#include "train/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bertune/error.h"

namespace bertune::train {

Json TrainingArguments::to_json() const {
  return {{"adam_beta1", adam_beta1},
          {"adam_beta2", adam_beta2},
          {"adam_epsilon", adam_epsilon},
          {"learning_rate", learning_rate},
          {"lr_scheduler_type", lr_scheduler_type},
          {"max_grad_norm", max_grad_norm},
          {"max_steps", max_steps},
          {"metric_for_best_model", metric_for_best_model},
          {"momentum", momentum},
          {"nesterov", nesterov},
          {"num_train_epochs", num_train_epochs},
          {"optimizer", optimizer},
          {"precision", precision_from_string(precision) == Precision::bf16 ? "bf16" : "fp32"},
          {"seed", seed},
          {"train_batch_size", train_batch_size},
          {"warmup_ratio", warmup_ratio},
          {"warmup_steps", warmup_steps},
          {"weight_decay", weight_decay}};
}

void validate(const TrainingArguments& arguments) {
  const auto require = [](bool holds, std::string_view flag, auto value, std::string_view range) {
    if (!holds) throw UsageError(fmt::format("{} is {}; it must be {}", flag, value, range));
  };
  require(arguments.num_train_epochs > 0 && arguments.num_train_epochs <= 1e6, "--epochs",
          arguments.num_train_epochs, "above 0");
  require(arguments.train_batch_size > 0, "--batch-size", arguments.train_batch_size, "at least 1");
  require(arguments.eval_batch_size > 0, "--eval-batch-size", arguments.eval_batch_size, "at least 1");
  require(std::isfinite(arguments.learning_rate) && arguments.learning_rate >= 0, "--learning-rate",
          arguments.learning_rate, "a number of at least 0");
  require(arguments.weight_decay >= 0, "--weight-decay", arguments.weight_decay, "at least 0");
  require(arguments.adam_beta1 >= 0 && arguments.adam_beta1 < 1, "--adam-beta1", arguments.adam_beta1,
          "in [0, 1)");
  require(arguments.adam_beta2 >= 0 && arguments.adam_beta2 < 1, "--adam-beta2", arguments.adam_beta2,
          "in [0, 1)");
  require(arguments.adam_epsilon >= 0, "--adam-epsilon", arguments.adam_epsilon, "at least 0");
  require(arguments.momentum >= 0, "--momentum", arguments.momentum, "at least 0");
  require(arguments.max_grad_norm >= 0, "--max-grad-norm", arguments.max_grad_norm,
          "at least 0 (0: no clipping)");
  require(arguments.warmup_ratio >= 0 && arguments.warmup_ratio <= 1, "--warmup-ratio",
          arguments.warmup_ratio, "in [0, 1]");
  require(arguments.warmup_steps >= 0, "--warmup-steps", arguments.warmup_steps, "at least 0");
  require(arguments.save_steps >= 0, "--save-every", arguments.save_steps,
          "at least 0 (0: after each epoch)");
  require(!arguments.nesterov || arguments.momentum > 0, "--nesterov without --momentum", "set",
          "given with --momentum above 0");
  optim::schedule_from_string(arguments.lr_scheduler_type);
  precision_from_string(arguments.precision);
  save_dtype_from_string(arguments.save_dtype);
}

Precision precision_from_string(const std::string& name) {
  if (name == "auto") return fastest_precision();
  if (name == "fp32" || name == "no") return Precision::fp32;
  if (name != "bf16") {
    throw UsageError(fmt::format("no precision is named \"{}\"; the choices are auto, fp32 and bf16", name));
  }
  if (!has_bf16_products()) {
    throw UsageError("--precision bf16: this processor does not multiply bf16 numbers; take fp32, or auto");
  }
  return Precision::bf16;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const TrainingArguments& arguments, Parameters& parameters) {
  const TrainingArguments& a = arguments;
  if (a.optimizer == "adamw") {
    return optim::adamw(parameters,
                        {a.learning_rate, a.adam_beta1, a.adam_beta2, a.adam_epsilon, a.weight_decay});
  }
  if (a.optimizer == "adam") {
    return optim::adam(parameters,
                       {a.learning_rate, a.adam_beta1, a.adam_beta2, a.adam_epsilon, a.weight_decay});
  }
  if (a.optimizer == "sgd") {
    return optim::sgd(parameters, {.lr = a.learning_rate,
                                   .momentum = a.momentum,
                                   .weight_decay = a.weight_decay,
                                   .nesterov = a.nesterov});
  }
  if (a.optimizer == "adagrad") {
    return optim::adagrad(parameters, {.lr = a.learning_rate, .weight_decay = a.weight_decay});
  }
  throw UsageError(
      fmt::format("no optimizer is named \"{}\"; the choices are adamw, adam, sgd and adagrad", a.optimizer));
}

StepPlan plan_steps(const TrainingArguments& arguments, std::int64_t rows) {
  StepPlan plan;
  plan.steps_per_epoch = (rows + arguments.train_batch_size - 1) / arguments.train_batch_size;
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
