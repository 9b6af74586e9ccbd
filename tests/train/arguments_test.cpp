#include "train/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/error.h"

namespace bertune::train {
namespace {

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
  using ::testing::HasSubstr;
  EXPECT_EQ(refuses([](auto&) {}), "");
  EXPECT_THAT(refuses([](auto& a) { a.num_train_epochs = 0; }), HasSubstr("--epochs is 0"));
  EXPECT_THAT(refuses([](auto& a) { a.train_batch_size = 0; }), HasSubstr("--batch-size"));
  EXPECT_THAT(refuses([](auto& a) { a.learning_rate = std::nan(""); }), HasSubstr("--learning-rate"));
  EXPECT_THAT(refuses([](auto& a) { a.adam_beta2 = 1; }), HasSubstr("--adam-beta2"));
  EXPECT_THAT(refuses([](auto& a) { a.nesterov = true; }), HasSubstr("--nesterov"));
  EXPECT_THAT(refuses([](auto& a) { a.lr_scheduler_type = "step"; }), HasSubstr("cosine"));
}

}  // namespace
}  // namespace bertune::train
