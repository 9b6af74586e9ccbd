// Optimizers pass over what is frozen, in values, in state and in the norm, and give each parameter its own
// rate.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bertune/error.h"
#include "optim/every_optimizer.h"

namespace bertune::optim::frozen_test {
namespace {

using testing::every_optimizer;
using testing::kRows;
using testing::kWidth;
using testing::Variant;

constexpr int kSteps = 12;

const std::vector<Parameter> kLayout = {
    {.name = "words", .shape = {kRows, kWidth}, .few_rows = true},
    {.name = "encoder.layer.0.wide.weight", .shape = {7, kWidth}, .depth = 1},
    {.name = "encoder.layer.0.tall.weight", .shape = {kWidth, 7}, .depth = 1},
    {.name = "bias", .shape = {kWidth}, .weight_decay = false}};

// A part of that layout; a parameter's numbers and gradients do not depend on which others there are.
Parameters part(const std::vector<std::size_t>& chosen) {
  std::vector<Parameter> layout;
  for (const std::size_t i : chosen) layout.push_back(kLayout[i]);
  Parameters parameters(std::move(layout));
  for (const Parameter& p : parameters.layout()) {
    Random random(1, static_cast<std::uint32_t>(p.name.size()));
    for (float& value : parameters.value(p.name)) value = static_cast<float>(random.normal());
  }
  return parameters;
}

// Of loss = sum of c (value - target)^2 / 2, so that LBFGS has something to search in.
double write_gradients(Parameters& parameters, int step) {
  double loss = 0;
  for (const Parameter& p : parameters.layout()) {
    if (!p.trainable) continue;
    Random random(3 + static_cast<std::uint64_t>(step), static_cast<std::uint32_t>(p.name.size()));
    const std::span<float> values = parameters.value(p.name), gradients = parameters.gradient(p.name);
    for (std::size_t i = 0; i < p.size; ++i) {
      const double distance = values[i] - random.normal();
      gradients[i] = static_cast<float>(distance);
      loss += distance * distance / 2;
    }
  }
  std::vector<std::int32_t> rows(kRows);
  for (std::int32_t row = 0; row < kRows; ++row) rows[static_cast<std::size_t>(row)] = row;
  if (parameters.few_rows() != nullptr) parameters.mark_rows(rows);
  return loss;
}

void run(Optimizer& optimizer, Parameters& parameters, double lr = 1e-2) {
  for (int step = 0; step < kSteps; ++step) {
    optimizer.set_learning_rate(lr / (1 + step));
    if (optimizer.needs_closure()) {
      optimizer.step([&] {
        optimizer.zero_grad();
        return write_gradients(parameters, 0);
      });
    } else {
      optimizer.zero_grad();
      write_gradients(parameters, step);
      optimizer.step(0.5F);
    }
  }
}

std::size_t state_size(Optimizer& optimizer) {
  std::size_t size = 0;
  for (const Optimizer::State& state : optimizer.state()) size += state.values.size();
  return size;
}

class Frozen : public ::testing::TestWithParam<Variant> {};

// As if there were only the others: the same bits, and as much state.
TEST_P(Frozen, IsAsIfItWereNotThere) {
  for (const std::vector<std::size_t>& trained : std::vector<std::vector<std::size_t>>{{0, 2}, {1, 3}, {3}}) {
    if (GetParam().algorithm == "sparse_adam" && trained[0] != 0) continue;
    Parameters all = part({0, 1, 2, 3}), some = part(trained);
    const Parameters before = part({0, 1, 2, 3});
    for (std::size_t i = 0; i < 4; ++i) all.set_trainable(i, std::ranges::find(trained, i) != trained.end());
    const auto optimizer = GetParam().make(all), expected = GetParam().make(some);
    optimizer->defer_unused_rows(), expected->defer_unused_rows();
    run(*optimizer, all), run(*expected, some);
    for (const Parameter& p : all.layout()) {
      const std::span<const float> wanted = p.trainable ? some.value(p.name) : before.value(p.name);
      EXPECT_TRUE(std::ranges::equal(std::as_const(all).value(p.name), wanted)) << p.name;
    }
    EXPECT_EQ(state_size(*optimizer), state_size(*expected));
    EXPECT_EQ(all.trainable_count(), some.count());
    EXPECT_NEAR(gradient_norm(all), gradient_norm(some), 1e-9);
  }
}

// A scale of the rate is a group of its own in PyTorch: what the same optimizer gives at that rate.
TEST_P(Frozen, ScaleIsARateOfItsOwn) {
  constexpr double kScale = 0.25;
  Parameters all = part({0, 1, 2, 3}), slow = part({0, 2});
  all.set_learning_rate_scale(0, kScale), all.set_learning_rate_scale(2, kScale);
  if (GetParam().algorithm == "lbfgs") {
    EXPECT_THROW(GetParam().make(all), UsageError);
    return;
  }
  const auto optimizer = GetParam().make(all), expected = GetParam().make(slow, kScale * 1e-2);
  optimizer->defer_unused_rows(), expected->defer_unused_rows();
  run(*optimizer, all), run(*expected, slow, kScale * 1e-2);
  optimizer->bring_up_to_date(), expected->bring_up_to_date();
  for (const Parameter& p : slow.layout())
    EXPECT_TRUE(std::ranges::equal(all.value(p.name), slow.value(p.name))) << p.name;
}

INSTANTIATE_TEST_SUITE_P(All, Frozen, ::testing::ValuesIn(every_optimizer()),
                         [](const auto& test) { return test.param.label(); });

TEST(FrozenRows, AreNeitherZeroedNorCounted) {
  Parameters parameters = part({0, 1, 2, 3});
  for (const std::size_t i : {0U, 2U}) parameters.set_trainable(i, false);
  std::ranges::fill(parameters.gradients(), 2.0F);
  EXPECT_EQ(parameters.few_rows(), nullptr);
  EXPECT_EQ(parameters.trainable_ranges().size(), 2U);
  EXPECT_NEAR(gradient_norm(parameters), 2 * std::sqrt(7 * kWidth + kWidth), 1e-9);
  parameters.zero_grad();
  EXPECT_EQ(parameters.gradient("words")[0], 2.0F);
  EXPECT_EQ(parameters.gradient("bias")[0], 0.0F);
  EXPECT_EQ(gradient_norm(parameters), 0);
  EXPECT_THROW(optim::sparse_adam(parameters), UsageError);
}

}  // namespace
}  // namespace bertune::optim::frozen_test
