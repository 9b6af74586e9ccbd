// Optimizers that leave unused rows for later end with the same bits as those that update everything every
// step.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "bertune/optim.h"
#include "core/random.h"

namespace bertune::optim {
namespace {

constexpr std::int32_t kRows = 60, kWidth = 24, kSteps = 50;

Parameters make_parameters() {
  Parameters parameters({{.name = "words", .shape = {kRows, kWidth}, .few_rows = true},
                         {.name = "weight", .shape = {7, kWidth}},
                         {.name = "bias", .shape = {kWidth}, .weight_decay = false}});
  Random random(1, 1);
  for (float& value : parameters.values()) value = static_cast<float>(random.normal());
  return parameters;
}

// A few of the first 40 rows; the others are never used.
std::vector<std::int32_t> rows_of(int step) {
  Random random(2, static_cast<std::uint32_t>(step));
  std::vector<std::int32_t> rows;
  for (int i = 0; i < 5; ++i) rows.push_back(static_cast<std::int32_t>(random.below(40)));
  return rows;
}

void write_gradients(Parameters& parameters, int step) {
  Random random(3, static_cast<std::uint32_t>(step));
  for (const std::int32_t row : rows_of(step)) {
    for (float& g : parameters.gradient("words").subspan(static_cast<std::size_t>(row * kWidth), kWidth))
      g = static_cast<float>(random.normal());
  }
  for (const char* name : {"weight", "bias"}) {
    for (float& g : parameters.gradient(name)) g = static_cast<float>(random.normal());
  }
  parameters.mark_rows(rows_of(step));
}

struct Algorithm {
  std::string name;
  std::function<std::unique_ptr<Optimizer>(Parameters&)> make;
};
const std::vector<Algorithm> kAlgorithms = {
    {"adamw", [](Parameters& p) { return adamw(p, {.lr = 1e-2, .weight_decay = 0.1}); }},
    {"adamw_without_decay", [](Parameters& p) { return adamw(p, {.lr = 1e-2, .weight_decay = 0}); }},
    {"adam", [](Parameters& p) { return adam(p, {.lr = 1e-2, .weight_decay = 0.1}); }},
    {"sgd", [](Parameters& p) { return sgd(p, {.lr = 1e-2, .weight_decay = 0.1}); }},
    {"sgd_momentum", [](Parameters& p) { return sgd(p, {.lr = 1e-2, .momentum = 0.9, .dampening = 0.1}); }},
    {"sgd_nesterov",
     [](Parameters& p) {
       return sgd(p, {.lr = 1e-2, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true});
     }},
    {"adagrad", [](Parameters& p) { return adagrad(p, {.lr_decay = 0.1, .weight_decay = 0.1}); }},
};

class DeferredRows : public ::testing::TestWithParam<Algorithm> {};

TEST_P(DeferredRows, EndWithTheSameBits) {
  Parameters dense = make_parameters(), lazy = make_parameters();
  const auto every = GetParam().make(dense), deferred = GetParam().make(lazy);
  deferred->defer_unused_rows();
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
  if (GetParam().name != "sgd_momentum" && GetParam().name != "sgd") {
    EXPECT_GT(behind, 0U) << "nothing was ever left for later: this test shows nothing";
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeferredRows, ::testing::ValuesIn(kAlgorithms),
                         [](const auto& test) { return test.param.name; });

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
  EXPECT_EQ(parameters.gradient("weight")[0], 0.0F);
  EXPECT_EQ(parameters.gradient("bias")[kWidth - 1], 0.0F);
}

}  // namespace
}  // namespace bertune::optim
