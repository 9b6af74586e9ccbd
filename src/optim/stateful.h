// An optimizer whose state is a few arrays of fixed sizes.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bertune/optim.h"
#include "core/aligned_buffer.h"

namespace bertune::optim {

class StatefulOptimizer : public Optimizer {
 public:
  std::vector<State> state() override {
    std::vector<State> list;
    for (auto& [name, values] : states_) list.push_back({name, values.span()});
    return list;
  }

 protected:
  using Optimizer::Optimizer;

  // A state as long as the trainable parameters. Of the word embeddings' part, only what is touched takes
  // memory.
  float* add_state(std::string name) {
    return add_state(std::move(name), parameters_->trainable_count(), parameters_->sparse_prefix());
  }
  float* add_state(std::string name, std::size_t size, std::size_t sparse = 0) {
    return states_.emplace_back(std::move(name), AlignedBuffer<float>(size, sparse)).second.data();
  }

  // The part of the parameters, or of a state as long, that an update is of; null stays null.
  float* values(const Update& u) const { return parameters_->values().data() + u.offset; }
  float* part(float* state, const Update& u) const {
    if (state == nullptr) return nullptr;
    if (u.parameter != nullptr && u.parameter == parameters_->few_rows())
      make_pages({state + u.state_offset, u.size});
    return state + u.state_offset;
  }

 private:
  std::vector<std::pair<std::string, AlignedBuffer<float>>> states_;
};

}  // namespace bertune::optim
