// Optimizers touch the memory of parameters, gradients and states through operations and copies alone: on a
// table whose memory is inaccessible otherwise they take the same steps, to the bit.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/context.h"
#include "kernels/protected_table.h"
#include "optim/every_optimizer.h"

namespace bertune::optim::protected_memory_test {
namespace {

using kernels::Context;
using kernels::ops;
using testing::every_optimizer;
using testing::kRows;
using testing::kWidth;
using testing::rows_of;
using testing::Variant;

using Values = std::vector<float>;

Values read(std::span<const float> memory) {
  Values values(memory.size());
  ops().download(values.data(), memory.data(), memory.size_bytes());
  return values;
}

Parameters make_parameters() {
  Parameters parameters({{.name = "words", .shape = {kRows, kWidth}, .few_rows = true},
                         {.name = "layer.0.wide.weight", .shape = {7, kWidth}, .depth = 1},
                         {.name = "layer.0.frozen.weight", .shape = {7, kWidth}, .depth = 1},
                         {.name = "layer.0.tall.weight", .shape = {kWidth, 7}, .depth = 1},
                         {.name = "bias", .shape = {kWidth}, .weight_decay = false}});
  parameters.set_trainable(2, false);
  Random random(1, 1);
  Values values(parameters.count());
  for (float& value : values) value = static_cast<float>(random.normal());
  ops().upload(parameters.values().data(), values.data(), parameters.values().size_bytes());
  return parameters;
}

// Random gradients, those of the words in the rows of the step; the loss is the distance from where they
// point.
double write_gradients(Parameters& parameters, int step) {
  parameters.zero_grad();
  parameters.mark_rows(rows_of(step));
  Random random(3, static_cast<std::uint32_t>(step));
  double loss = 0;
  Values values = read(parameters.values()), gradients = read(parameters.gradients());
  const std::vector<std::int32_t> rows = rows_of(step);
  for (const Parameter& parameter : parameters.layout()) {
    for (std::size_t i = 0; i < parameter.size; ++i) {
      const auto row = static_cast<std::int32_t>(i / static_cast<std::size_t>(kWidth));
      if (!parameter.trainable || (parameter.few_rows && std::ranges::find(rows, row) == rows.end()))
        continue;
      const double away = values[parameter.offset + i] - random.normal();
      gradients[parameter.offset + i] = static_cast<float>(away);
      loss += away * away / 2;
    }
  }
  ops().upload(parameters.gradients().data(), gradients.data(), parameters.gradients().size_bytes());
  return loss;
}

struct Result {
  Values values;
  std::vector<Values> states;
  std::vector<double> norms;
};

Result steps_of(const Variant& variant, const kernels::OpTable& table) {
  const Context::Use use({.ops = &table});
  Parameters parameters = make_parameters();
  const auto optimizer = variant.make(parameters);
  optimizer->defer_unused_rows();
  Result result;
  const int steps = optimizer->needs_closure() ? 2 : 12;  // a search takes many evaluations
  for (int step = 0; step < steps; ++step) {
    optimizer->set_learning_rate(1e-2 / (1 + step));
    optimizer->bring_up_to_date(rows_of(step));
    if (optimizer->needs_closure()) {
      optimizer->step([&] { return write_gradients(parameters, 0); });
      continue;
    }
    write_gradients(parameters, step);
    result.norms.push_back(gradient_norm(parameters));
    optimizer->step(clip_scale(result.norms.back(), 1.0));
  }
  optimizer->bring_up_to_date();
  result.values = read(parameters.values());
  for (const Optimizer::State& state : optimizer->state()) result.states.push_back(read(state.values));
  return result;
}

class ProtectedMemory : public ::testing::TestWithParam<Variant> {};

TEST_P(ProtectedMemory, IsReachedByOperationsOnly) {
  const Result expected = steps_of(GetParam(), kernels::machine_ops());
  const Result actual = steps_of(GetParam(), kernels::testing::protected_table());
  EXPECT_EQ(actual.values, expected.values);
  EXPECT_EQ(actual.states, expected.states);
  EXPECT_EQ(actual.norms, expected.norms);
  EXPECT_EQ(kernels::testing::protected_allocations(), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, ProtectedMemory, ::testing::ValuesIn(every_optimizer()),
                         [](const auto& test) { return test.param.label(); });

TEST(ProtectedMemoryDeathTest, CannotBeReadByTheHost) {
  const Context::Use use({.ops = &kernels::testing::protected_table()});
  const Parameters parameters({{.name = "weight", .shape = {2, 3}}});
  EXPECT_EQ(read(parameters.values()), Values(6));
  EXPECT_DEATH({ [[maybe_unused]] const volatile float value = parameters.values()[0]; }, "");
}

}  // namespace
}  // namespace bertune::optim::protected_memory_test
