#include "train/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "bertune/error.h"
#include "optim/every_optimizer.h"

namespace bertune::train {
namespace {

using ::testing::HasSubstr;

// The numbers that the Trainer gives (Transformers 5.23).
TEST(StepPlan, RoundsAsTheTrainerDoes) {
  TrainingArguments arguments;
  arguments.train_batch_size = 32;
  arguments.num_train_epochs = 3;
  arguments.warmup_ratio = 0.1;
  const StepPlan plan = plan_steps(arguments, 1000);
  EXPECT_EQ(plan.steps_per_epoch, 32);  // 31 full batches and one of 8
  EXPECT_EQ(plan.total_steps, 96);
  EXPECT_EQ(plan.warmup_steps, 10);  // ceil(9.6)
  arguments.num_train_epochs = 0.5;
  EXPECT_EQ(plan_steps(arguments, 1000).total_steps, 16);
  arguments.max_steps = 7;
  arguments.warmup_steps = 3;
  EXPECT_EQ(plan_steps(arguments, 1000).total_steps, 7);
  EXPECT_EQ(plan_steps(arguments, 1000).warmup_steps, 3);
}

// 10 batches, 3 a step, 3 epochs: the Trainer makes 12 steps. An epoch ends with what is left.
TEST(StepPlan, AccumulatesAsTheTrainerDoes) {
  TrainingArguments arguments;
  arguments.train_batch_size = 8;
  arguments.gradient_accumulation_steps = 3;
  EXPECT_EQ(plan_steps(arguments, 80).steps_per_epoch, 4);
  EXPECT_EQ(plan_steps(arguments, 80).total_steps, 12);
  EXPECT_EQ(plan_steps(arguments, 72).steps_per_epoch, 3);
  EXPECT_EQ(plan_steps(arguments, 73).steps_per_epoch, 4);
  EXPECT_EQ(plan_steps(arguments, 1).steps_per_epoch, 1);
  arguments.num_train_epochs = 2.5;
  EXPECT_EQ(plan_steps(arguments, 80).total_steps, 10);
}

TEST(Arguments, TheOptionAtFaultIsKnownToo) {
  const auto at_fault = [](auto change) {
    TrainingArguments arguments;
    change(arguments);
    try {
      validate(arguments);
    } catch (const UsageError& error) {
      return error.option();
    }
    return std::string("none");
  };
  EXPECT_EQ(at_fault([](auto& a) { a.save_steps = -1; }), "save_every");
  EXPECT_EQ(at_fault([](auto& a) { a.optimizer = "adm"; }), "optimizer");
  EXPECT_EQ(at_fault([](auto& a) { a.max_steps = 0; }), "max_steps");
  EXPECT_EQ(at_fault([](auto& a) { a.label_smoothing_factor = a.focal_loss_gamma = 0.5; }), "");  // two are
}

TEST(Arguments, ValuesThatCannotBeAreNamed) {
  const auto refuses = [](auto change) {
    TrainingArguments arguments;
    change(arguments);
    try {
      validate(arguments);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refuses([](auto&) {}), "");
  EXPECT_THAT(refuses([](auto& a) { a.num_train_epochs = 0; }), HasSubstr("`epochs` is 0"));
  EXPECT_THAT(refuses([](auto& a) { a.train_batch_size = 0; }), HasSubstr("`batch_size`"));
  EXPECT_THAT(refuses([](auto& a) { a.learning_rate = std::nan(""); }), HasSubstr("`learning_rate`"));
  EXPECT_THAT(refuses([](auto& a) { a.adam_beta2 = 1; }), HasSubstr("`adam_beta2`"));
  EXPECT_THAT(refuses([](auto& a) { a.gradient_accumulation_steps = 0; }),
              HasSubstr("`gradient_accumulation_steps` is 0; it must be from 1"));
  EXPECT_THAT(refuses([](auto& a) { a.gradient_accumulation_steps = INT64_MAX; }),
              HasSubstr("`gradient_accumulation_steps`"));
  EXPECT_THAT(refuses([](auto& a) { a.train_batch_size = INT64_MAX; }), HasSubstr("`batch_size`"));
  EXPECT_THAT(refuses([](auto& a) { a.label_smoothing_factor = 1; }), HasSubstr("`label_smoothing` is 1"));
  EXPECT_THAT(refuses([](auto& a) { a.label_smoothing_factor = std::nan(""); }),
              HasSubstr("`label_smoothing`"));
  EXPECT_THAT(refuses([](auto& a) { a.focal_loss_gamma = -2; }), HasSubstr("`focal_loss` is -2"));
  EXPECT_THAT(refuses([](auto& a) { a.focal_loss_gamma = 2, a.label_smoothing_factor = 0.1; }),
              HasSubstr("cannot be combined"));
  EXPECT_THAT(refuses([](auto& a) { a.early_stopping_patience = -1; }),
              HasSubstr("`early_stopping_patience`"));
  EXPECT_THAT(refuses([](auto& a) { a.early_stopping_threshold = -1; }),
              HasSubstr("`early_stopping_threshold`"));
  EXPECT_THAT(refuses([](auto& a) { a.eval_steps = -1; }), HasSubstr("`eval_steps`"));
  EXPECT_THAT(refuses([](auto& a) { a.nesterov = true, a.optimizer = "sgd"; }), HasSubstr("nesterov"));
  EXPECT_THAT(refuses([](auto& a) { a.optim_args["beta3"] = "0.9"; }), HasSubstr("did you mean \"beta"));
  EXPECT_THAT(refuses([](auto& a) { a.adam_beta1 = 0.8, a.optim_args["beta1"] = "0.9"; }),
              HasSubstr("`adam_beta1` and beta1 in `optim_args`"));
  EXPECT_THAT(refuses([](auto& a) { a.lr_scheduler_kwargs["power"] = "2"; }), HasSubstr("schedule linear"));
  EXPECT_THAT(refuses([](auto& a) { a.lr_scheduler_type = "step"; }), HasSubstr("cosine"));
}

// Flags are short for options; what an optimizer has no use for is said.
TEST(Arguments, ShortFlagsReachTheOptimizer) {
  TrainingArguments arguments;
  arguments.adam_beta1 = 0.8;
  arguments.adam_epsilon = 1e-6;
  arguments.momentum = 0.7;
  const Json adamw = arguments.to_json().at("optimizer_options");
  EXPECT_EQ(adamw.at("beta1"), "0.8");
  EXPECT_EQ(adamw.at("eps"), "1e-06");
  EXPECT_EQ(adamw.at("weight_decay"), "0.01");
  EXPECT_THAT(options_without_effect(arguments), ::testing::ElementsAre(HasSubstr("`momentum`")));
  arguments.optimizer = "muon";
  arguments.weight_decay = 0.2;
  const Json muon = arguments.to_json().at("optimizer_options");
  EXPECT_EQ(muon.at("adamw_eps"), "1e-06");
  EXPECT_EQ(muon.at("eps"), "1e-07");  // of the iteration
  EXPECT_EQ(muon.at("momentum"), "0.7");
  EXPECT_EQ(muon.at("weight_decay"), "0.2");
  EXPECT_THAT(options_without_effect(arguments), ::testing::IsEmpty());
  TrainingArguments rprop;
  rprop.optimizer = "rprop";
  EXPECT_THAT(options_without_effect(rprop), ::testing::ElementsAre(HasSubstr("`schedule=constant`")));
  rprop.lr_scheduler_type = "constant";
  EXPECT_THAT(options_without_effect(rprop), ::testing::IsEmpty());
  rprop.lr_scheduler_type = "linear";
  rprop.warmup_ratio = 0;
  EXPECT_THAT(options_without_effect(rprop), ::testing::IsEmpty());
  arguments.optimizer = "lbfgs";
  EXPECT_EQ(options_without_effect(arguments).size(), 5U);  // those, and max_grad_norm
}

// What the flags say, as they would be given.
TrainingArguments given(const Json& flags) {
  TrainingArguments arguments;
  for (const auto& [name, value] : flags.items()) {
    if (value.is_null()) continue;
    const auto text = value.get<std::string>();
    if (name == "weight_decay") {
      arguments.weight_decay = std::stod(text);
    } else if (name == "optim_args") {
      arguments.optim_args = optim::parse_options(text, name);
    } else if (name == "lr_scheduler_kwargs") {
      arguments.lr_scheduler_kwargs = optim::parse_options(text, name);
    } else {
      ADD_FAILURE() << name;
    }
  }
  return arguments;
}

// Of every optimizer: what option_values writes names every option once, and is read to the same options.
TEST(OptionFlags, AreReadAsTheyWere) {
  for (const optim::testing::Variant& variant : optim::testing::every_optimizer()) {
    for (const bool short_flags : {false, true}) {
      TrainingArguments arguments;
      arguments.optimizer = variant.algorithm;
      arguments.optim_args = optim::parse_options(variant.options, "options");
      if (short_flags) {
        const auto free = [&](const char* option) { return !arguments.optim_args.contains(option); };
        if (free("beta1")) arguments.adam_beta1 = 0.1 + 0.2;  // digits that must not be lost
        if (free("weight_decay")) arguments.weight_decay = 1.0 / 3;
        if (free("momentum") && free("dampening")) {
          arguments.momentum = 0.7;
          arguments.nesterov = free("nesterov");
        }
      }
      const Json flags = option_values(arguments);
      TrainingArguments again = given(flags);
      again.optimizer = variant.algorithm;
      EXPECT_EQ(again.to_json(), arguments.to_json()) << variant.label();
      EXPECT_EQ(option_values(again), flags) << variant.label();
      // None is left to a default.
      EXPECT_EQ(again.optim_args.size() + (again.weight_decay ? 1 : 0),
                optim::algorithm_from_string(variant.algorithm).options.size())
          << variant.label();
    }
  }
}

TEST(OptionFlags, OfEveryScheduleAreReadAsTheyWere) {
  const std::map<std::string, optim::OptionValues> needed = {
      {"warmup_stable_decay", {{"num_decay_steps", "3"}, {"decay_type", "1-sqrt"}}},
      {"cosine_with_min_lr", {{"min_lr_rate", "0.1"}}},
      {"cosine_warmup_with_min_lr", {{"min_lr", "1e-6"}, {"warmup_lr_rate", "0.3333333333333333"}}}};
  for (const optim::ScheduleKind& kind : optim::schedules()) {
    for (const std::string metric : {"accuracy", "loss"}) {
      TrainingArguments arguments;
      arguments.lr_scheduler_type = kind.name;
      arguments.metric_for_best_model = metric;
      if (needed.contains(kind.name)) arguments.lr_scheduler_kwargs = needed.at(kind.name);
      const Json flags = option_values(arguments);
      TrainingArguments again = given(flags);
      again.lr_scheduler_type = kind.name;
      again.metric_for_best_model = metric;
      const optim::OptionValues all = schedule_options(arguments);
      EXPECT_EQ(schedule_options(again), all) << kind.name;
      EXPECT_EQ(option_values(again), flags) << kind.name;
      // The direction follows the metric of the run that repeats it.
      EXPECT_FALSE(again.lr_scheduler_kwargs.contains("mode"));
      EXPECT_EQ(again.lr_scheduler_kwargs.size() + all.count("mode"), kind.options.size()) << kind.name;
      if (all.contains("mode")) {
        EXPECT_EQ(all.at("mode"), metric == "loss" ? "min" : "max");
      }
      validate(again);  // none for what was left out goes as nothing given
    }
  }
}

TEST(Arguments, AThresholdWithoutPatienceIsSaid) {
  TrainingArguments arguments;
  arguments.early_stopping_threshold = 0.1;
  EXPECT_THAT(options_without_effect(arguments),
              ::testing::ElementsAre(HasSubstr("without `early_stopping_patience`")));
  arguments.early_stopping_patience = 2;
  EXPECT_THAT(options_without_effect(arguments), ::testing::IsEmpty());
}

TEST(Arguments, TheTrainersNamesAreTheSameRun) {
  TrainingArguments arguments, other;
  other.optimizer = "adamw_torch_fused";
  EXPECT_EQ(arguments.to_json(), other.to_json());
}

}  // namespace
}  // namespace bertune::train
