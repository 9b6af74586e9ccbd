// Optimizers that have a part of the parameters each make together the steps of one that has them all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "bertune/error.h"
#include "optim/every_optimizer.h"
#include "support/message_of.h"

namespace bertune::optim {
namespace {

using testing::every_optimizer;
using testing::kRows;
using testing::kWidth;
using testing::rows_of;
using testing::Variant;
using testing::write_gradients;

// Several blocks of parts, rows of embeddings, and learning rates of parameters.
Parameters large_parameters() {
  Parameters parameters({{.name = "words", .shape = {kRows, kWidth}, .few_rows = true},
                         {.name = "encoder.layer.0.wide.weight", .shape = {60, 70}, .depth = 1},
                         {.name = "frozen", .shape = {50}, .trainable = false},
                         {.name = "encoder.layer.0.tall.weight", .shape = {90, 30}, .depth = 1},
                         {.name = "bias", .shape = {kWidth}, .weight_decay = false}});
  parameters.set_learning_rate_scale(3, 0.5);
  Random random(1, 1);
  for (float& value : parameters.values()) value = static_cast<float>(random.normal());
  return parameters;
}

bool divides(const Variant& variant) { return !algorithm_from_string(variant.algorithm).whole_tensors; }

class PartOfParameters : public ::testing::TestWithParam<Variant> {};

std::vector<Variant> divided() {
  std::vector<Variant> variants = every_optimizer();
  std::erase_if(variants, [](const Variant& variant) { return !divides(variant); });
  return variants;
}

void take_steps(Optimizer& optimizer, Parameters& parameters) {
  for (int step = 0; step < 6; ++step) {
    optimizer.set_learning_rate(0.1 / (1 + step));
    optimizer.bring_up_to_date(rows_of(step));
    parameters.zero_grad();
    write_gradients(parameters, step);
    optimizer.step(0.7F);
  }
  optimizer.bring_up_to_date();
}

TEST_P(PartOfParameters, MakesTheStepsOfAll) {
  constexpr std::int64_t kParts = 3;
  Parameters whole = large_parameters();
  const auto all = GetParam().make(whole);
  all->defer_unused_rows();
  take_steps(*all, whole);
  std::map<std::string, std::size_t> numbers;
  for (std::int64_t index = 0; index < kParts; ++index) {
    Parameters parameters = large_parameters();
    const std::vector<float> before(parameters.values().begin(), parameters.values().end());
    parameters.set_part({index, kParts});
    const auto optimizer = GetParam().make(parameters);
    take_steps(*optimizer, parameters);
    std::vector<bool> own(parameters.count());
    for (const Parameters::Range& range : parameters.ranges_of({index, kParts}))
      std::fill_n(own.begin() + static_cast<std::ptrdiff_t>(range.offset), range.size, true);
    for (std::size_t i = 0; parameters.rows_are_tracked() && i < std::size_t{kRows} * kWidth; ++i)
      own[i] = parameters.part().has_row(static_cast<std::int64_t>(i / kWidth));
    const auto values = std::as_const(parameters).values(), expected = std::as_const(whole).values();
    for (std::size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(values[i], own[i] ? expected[i] : before[i]) << i;
    for (const Optimizer::State& state : optimizer->state())
      if (!state.on_host) numbers[state.name] += state.values.size();
  }
  for (const auto& [name, size] : numbers) EXPECT_EQ(size, whole.trainable_count()) << name;
}

INSTANTIATE_TEST_SUITE_P(Optimizers, PartOfParameters, ::testing::ValuesIn(divided()),
                         [](const auto& tested) { return tested.param.label(); });

TEST(Parts, AreAllOfTheParametersOnce) {
  Parameters parameters = large_parameters();
  for (const bool tracked : {false, true}) {
    if (tracked) parameters.track_rows();
    for (const std::int64_t count : {1, 2, 3, 5, 40}) {
      std::vector<int> seen(parameters.count());
      std::size_t end = 0;
      for (std::int64_t index = 0; index < count; ++index) {
        for (const Parameters::Range& range : parameters.ranges_of({index, count})) {
          EXPECT_GE(range.offset, end);
          end = range.offset + range.size;
          for (std::size_t i = range.offset; i < end; ++i) ++seen[i];
        }
      }
      std::vector<int> expected(parameters.count());
      for (const Parameters::Range& range : parameters.trainable_ranges())
        std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(range.offset), range.size, 1);
      EXPECT_EQ(seen, expected) << count;
    }
  }
}

TEST(Parts, AreRefusedByOptimizersThatNeedWholeTensors) {
  int refused = 0;
  for (const Variant& variant : every_optimizer()) {
    if (divides(variant)) continue;
    Parameters parameters = large_parameters();
    parameters.set_part({0, 2});
    if (variant.algorithm == "lbfgs") parameters.set_learning_rate_scale(3, 1);
    const std::string message = bertune::testing::message_of<UsageError>([&] { variant.make(parameters); });
    EXPECT_THAT(message, ::testing::HasSubstr("`shard_optimizer`"));
    EXPECT_THAT(message, ::testing::HasSubstr(variant.algorithm));
    ++refused;
  }
  EXPECT_GE(refused, 4);
}

}  // namespace
}  // namespace bertune::optim
