// What is saved of an optimizer is all that it needs: another one that gets it goes on with the same bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "bertune/error.h"
#include "optim/every_optimizer.h"

namespace bertune::optim {
namespace {

using testing::every_optimizer;
using testing::make_parameters;
using testing::rows_of;
using testing::Variant;
using testing::write_gradients;

class State : public ::testing::TestWithParam<Variant> {};

// The loss of a step pulls every number that it uses towards one of its own.
double pull(Parameters& parameters, int step) {
  parameters.zero_grad();
  write_gradients(parameters, step);
  double loss = 0;
  const auto values = parameters.values();
  const auto gradients = parameters.gradients();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (gradients[i] == 0) continue;
    const float away = values[i] - gradients[i];
    loss += 0.5 * away * away;
    gradients[i] = away;
  }
  return loss;
}

void take_steps(Optimizer& optimizer, Parameters& parameters, int first, int end) {
  for (int step = first; step < end; ++step) {
    optimizer.set_learning_rate(0.1 / (1 + step));
    optimizer.bring_up_to_date(rows_of(step));
    optimizer.step([&] { return pull(parameters, step); });
  }
  optimizer.bring_up_to_date();
}

TEST_P(State, IsAllThatIsNeeded) {
  Parameters one = make_parameters(), other = make_parameters();
  const auto uninterrupted = GetParam().make(one), resumed = GetParam().make(other);
  uninterrupted->defer_unused_rows();
  resumed->defer_unused_rows();
  take_steps(*uninterrupted, one, 0, 7);
  EXPECT_EQ(uninterrupted->steps(), 7);

  std::vector<std::string> names;
  std::map<std::string, std::vector<float>> saved;
  for (const auto& state : uninterrupted->state()) {
    names.push_back(state.name);
    EXPECT_TRUE(
        saved.emplace(state.name, std::vector<float>(state.values.begin(), state.values.end())).second)
        << state.name << " is there twice";
  }
  std::ranges::copy(one.values(), other.values().begin());
  resumed->expect_state(names);
  ASSERT_EQ(resumed->state().size(), saved.size());
  for (const auto& state : resumed->state()) {
    ASSERT_EQ(saved.at(state.name).size(), state.values.size()) << state.name;
    std::ranges::copy(saved.at(state.name), state.values.begin());
  }
  resumed->set_steps(7);

  take_steps(*uninterrupted, one, 7, 13);
  take_steps(*resumed, other, 7, 13);
  EXPECT_TRUE(std::ranges::equal(one.values(), other.values()));
  EXPECT_EQ(resumed->steps(), 13);
  const auto states = uninterrupted->state(), resumed_states = resumed->state();
  for (std::size_t i = 0; i < states.size(); ++i)
    EXPECT_TRUE(std::ranges::equal(states[i].values, resumed_states[i].values)) << states[i].name;
}

INSTANTIATE_TEST_SUITE_P(All, State, ::testing::ValuesIn(every_optimizer()),
                         [](const auto& test) { return test.param.label(); });

// Numbers that are kept for each of the model's, where that does not depend on shapes (docs/optimizers.md).
TEST(States, TakeTheMemoryThatIsSaid) {
  const std::map<std::string, std::size_t> expected = {
      {"adadelta", 2}, {"adagrad", 1}, {"adam", 2},       {"adamax", 2}, {"adamw", 2},
      {"lamb", 2},     {"lion", 1},    {"nadam", 2},      {"radam", 2},  {"rmsprop", 1},
      {"rprop", 2},    {"sgd", 0},     {"sparse_adam", 2}};
  Parameters parameters = make_parameters();
  const auto kept = [&](const std::string& name, const std::string& options = "") {
    std::size_t total = 0;
    for (const auto& state : Variant{name, options}.make(parameters)->state()) total += state.values.size();
    return total;
  };
  for (const auto& [name, count] : expected) EXPECT_EQ(kept(name), count * parameters.count()) << name;
  EXPECT_EQ(kept("asgd"), parameters.count() + 1);
  EXPECT_EQ(kept("adamw", "amsgrad=true"), 3 * parameters.count());
  EXPECT_EQ(kept("sgd", "momentum=0.9"), parameters.count());
  EXPECT_EQ(kept("rmsprop", "centered=true,momentum=0.9"), 3 * parameters.count());
  EXPECT_EQ(kept("adafactor"), 60U + 24 + 7 + 24 + 24 + 7 + 24);  // a row and a column, or a vector
  EXPECT_EQ(kept("muon"), 7U * 24 * 2 + 2 * (60U * 24 + 24));     // matrices of the layers need half
  EXPECT_EQ(kept("lbfgs"), 2 * parameters.count() + 3);
}

TEST(States, OfLbfgsAreBoundedByItsHistory) {
  Parameters parameters = make_parameters();
  const auto optimizer = lbfgs(parameters, {.history_size = 2});
  const std::vector<std::string> names = {"old_stps.0", "old_stps.1", "old_stps.2"};
  EXPECT_THROW(optimizer->expect_state(names), UsageError);
}

TEST(SparseAdam, RefusesAModelWithoutUnusedRows) {
  Parameters parameters({{.name = "weight", .shape = {2, 3}}});
  EXPECT_THROW(sparse_adam(parameters), UsageError);
}

// One call of the closure, and the loss of before.
TEST(Closure, IsCalledOnceByOptimizersThatDoNotSearch) {
  Parameters parameters = make_parameters();
  const auto optimizer = sgd(parameters);
  int calls = 0;
  EXPECT_EQ(optimizer->step([&] { return ++calls, 2.5; }), 2.5);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(optimizer->steps(), 1);
}

}  // namespace
}  // namespace bertune::optim
