// The updates of an optimizer's step.
#pragma once

#include <cstdint>
#include <vector>

#include "bertune/optimizer.h"
#include "kernels/ops.h"

namespace bertune::optim {

// The inputs of one update of a range of numbers; the step counts from 1.
struct Optimizer::Update {
  std::size_t offset = 0, size = 0;      // into the parameters
  std::size_t state_offset = 0;          // into a state with a number for each trainable one
  bool decay = true;                     // whether weight decay applies to them
  const Parameter* parameter = nullptr;  // that they belong to, or are; null where there are several
  const float* gradients = nullptr;
  float gradient_scale = 1;
  double learning_rate = 0;
  std::int64_t step = 1;

  std::int64_t count() const { return static_cast<std::int64_t>(size); }
  double weight_decay(double decayed) const { return decay ? decayed : 0.0; }
};

// All of a step: ranges, and rows of the matrix with Parameter::few_rows, each through steps of its own
// (kernels::UpdateList).
struct Optimizer::Updates {
  std::vector<Update> ranges;
  std::vector<Update> row_steps;  // of row 0
  std::vector<kernels::SteppedRow> rows;
  bool one_gradient = false;  // all rows have that of row 0: zero, where they catch up
};

}  // namespace bertune::optim
