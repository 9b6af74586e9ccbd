// An optimizer whose state is a few arrays of fixed sizes, in memory of the table of operations.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bertune/optim.h"
#include "kernels/buffer.h"
#include "optim/update.h"

namespace bertune::optim {

class StatefulOptimizer : public Optimizer {
 public:
  std::vector<State> state() override {
    std::vector<State> list;
    for (auto& [name, values] : states_) list.push_back({name, values.span()});
    for (auto& [name, values] : host_states_) list.push_back({name, values, true});
    return list;
  }

 protected:
  using Optimizer::Optimizer;

  // A state as long as the trainable parameters. Of the word embeddings' part, only what is touched takes
  // memory; unless every step touches it all.
  float* add_state(std::string name) { return add_state(std::move(name), state_size(), sparse_state_size()); }
  float* add_state(std::string name, std::size_t size, std::size_t sparse = 0) {
    return states_.emplace_back(std::move(name), kernels::Buffer<float>(size, sparse)).second.data();
  }

  // A few numbers that are the host's business.
  std::span<float> add_host_state(std::string name, std::size_t size) {
    return host_states_.emplace_back(std::move(name), std::vector<float>(size)).second;
  }

  // The part of the parameters that an update is of.
  float* values(const Update& u) const { return parameters_->values().data() + u.offset; }
  // The part of a state with a number for each trainable parameter; null stays null.
  static float* part(float* state, const Update& u) {
    return state != nullptr ? state + u.state_offset : nullptr;
  }

  // One call of `operation` for all updates; step_of(update) says what it makes of one.
  template <typename Step, typename StepOf>
  static void run(void (*operation)(const kernels::UpdateList<Step>&), const Updates& updates,
                  const StepOf& step_of) {
    std::vector<Step> ranges, row_steps;
    for (const Update& update : updates.ranges) ranges.push_back(step_of(update));
    for (const Update& update : updates.row_steps) row_steps.push_back(step_of(update));
    operation({.ranges = ranges.data(),
               .range_count = static_cast<std::int64_t>(ranges.size()),
               .row_steps = row_steps.data(),
               .rows = updates.rows.data(),
               .row_count = static_cast<std::int64_t>(updates.rows.size()),
               .one_gradient = updates.one_gradient});
  }

 private:
  std::vector<std::pair<std::string, kernels::Buffer<float>>> states_;
  std::vector<std::pair<std::string, std::vector<float>>> host_states_;
};

}  // namespace bertune::optim
