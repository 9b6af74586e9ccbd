#include "bertune/run_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RunPlan plan() {
  RunPlan plan;
  plan.steps_per_epoch = 128, plan.total_steps = 384;
  plan.resident = std::uint64_t{1} << 29, plan.gradients = std::uint64_t{1} << 28;
  plan.optimizer = std::uint64_t{1} << 28, plan.activations = std::uint64_t{1} << 30;
  plan.memory_available = std::uint64_t{6} << 30, plan.disk = std::uint64_t{1} << 28;
  return plan;
}

TEST(RunPlan, IsOneLine) {
  EXPECT_EQ(to_string(plan()), "384 steps (128 per epoch), memory 2.0 GiB (6.0 GiB are free), disk 0.2 GiB");
  RunPlan measured = plan();
  measured.seconds = 250;
  EXPECT_THAT(to_string(measured), HasSubstr(", about 4 min"));
}

TEST(RunPlan, SaysWhatFitsInstead) {
  RunPlan large = plan();
  large.memory_available = std::uint64_t{1} << 30;
  EXPECT_FALSE(large.fits_memory());
  EXPECT_THAT(to_string(large), HasSubstr("`max_length`"));
  large.smaller_batch = 16, large.accumulation_steps = 2;
  EXPECT_THAT(to_string(large), HasSubstr("use `batch_size=16` and `gradient_accumulation_steps=2`"));
  EXPECT_THAT(to_string(plan()), Not(HasSubstr("suffice")));
}

}  // namespace
}  // namespace bertune
