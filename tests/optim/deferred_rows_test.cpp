// Optimizers that leave unused rows for later end with the same bits as those that update everything every
// step.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "optim/every_optimizer.h"

namespace bertune::optim {
namespace {

using testing::every_optimizer;
using testing::kWidth;
using testing::make_parameters;
using testing::rows_of;
using testing::Variant;
using testing::write_gradients;

constexpr int kSteps = 50;

// All but LBFGS, which has its gradients from a closure.
std::vector<Variant> with_given_gradients() {
  std::vector<Variant> variants = every_optimizer();
  std::erase_if(variants, [](const Variant& v) { return algorithm_from_string(v.algorithm).needs_closure; });
  return variants;
}

class DeferredRows : public ::testing::TestWithParam<Variant> {};

TEST_P(DeferredRows, EndWithTheSameBits) {
  Parameters dense = make_parameters(), lazy = make_parameters();
  const auto every = GetParam().make(dense), deferred = GetParam().make(lazy);
  deferred->defer_unused_rows();
  const bool needs_all_rows = std::set<std::string>{"lamb", "adafactor"}.contains(GetParam().algorithm);
  EXPECT_EQ(lazy.rows_are_tracked(), !needs_all_rows);
  std::size_t behind = 0;
  for (int step = 0; step < kSteps; ++step) {
    for (const auto& [optimizer, parameters] :
         {std::pair(every.get(), &dense), std::pair(deferred.get(), &lazy)}) {
      optimizer->zero_grad();
      optimizer->bring_up_to_date(rows_of(step));
      optimizer->set_learning_rate(1e-2 / (1 + step));
      write_gradients(*parameters, step);
      EXPECT_EQ(gradient_norm(dense) > 0, true);
      optimizer->step(0.5F);
    }
    EXPECT_NEAR(gradient_norm(dense), gradient_norm(lazy), 1e-5);
    for (const std::int32_t row : rows_of(step)) {  // what a forward reads is up to date
      const std::size_t at = static_cast<std::size_t>(row) * kWidth;
      EXPECT_TRUE(std::ranges::equal(dense.values().subspan(at, kWidth), lazy.values().subspan(at, kWidth)));
    }
    behind += !std::ranges::equal(dense.values(), lazy.values());
    if (step == 20) {  // as at a checkpoint
      deferred->bring_up_to_date();
      EXPECT_TRUE(std::ranges::equal(dense.values(), lazy.values()));
      deferred->set_steps(deferred->steps());
    }
  }
  deferred->bring_up_to_date();
  EXPECT_TRUE(std::ranges::equal(dense.values(), lazy.values()));
  const auto states = every->state(), lazy_states = deferred->state();
  ASSERT_EQ(states.size(), lazy_states.size());
  for (std::size_t i = 0; i < states.size(); ++i)
    EXPECT_TRUE(std::ranges::equal(states[i].values, lazy_states[i].values)) << states[i].name;
  // Rows that were never used do not change without weight decay, and then nothing shows that they wait.
  const std::set<std::string> never_behind = {"lamb", "adafactor", "sparse_adam"};
  if (GetParam().options.find("weight_decay=0.1") != std::string::npos &&
      !never_behind.contains(GetParam().algorithm)) {
    EXPECT_GT(behind, 0U) << "nothing was ever left for later: this test shows nothing";
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeferredRows, ::testing::ValuesIn(with_given_gradients()),
                         [](const auto& test) { return test.param.label(); });

TEST(TrackedRows, OnlyMarkedOnesAreZeroed) {
  Parameters parameters = make_parameters();
  parameters.mark_rows(std::vector<std::int32_t>{1});
  EXPECT_TRUE(parameters.marked_rows().empty());  // not tracked yet
  parameters.track_rows();
  parameters.mark_rows(std::vector<std::int32_t>{4, 2, 4});
  parameters.mark_rows(std::vector<std::int32_t>{3});
  EXPECT_TRUE(std::ranges::equal(parameters.marked_rows(), std::vector<std::int32_t>{2, 3, 4}));
  std::ranges::fill(parameters.gradients(), 1.0F);
  parameters.zero_grad();
  EXPECT_TRUE(parameters.marked_rows().empty());
  EXPECT_EQ(parameters.gradient("words")[2 * kWidth], 0.0F);
  EXPECT_EQ(parameters.gradient("words")[5 * kWidth], 1.0F);
  EXPECT_EQ(parameters.gradient("encoder.layer.0.tall.weight")[0], 0.0F);
  EXPECT_EQ(parameters.gradient("bias")[kWidth - 1], 0.0F);
}

}  // namespace
}  // namespace bertune::optim
