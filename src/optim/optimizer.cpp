#include <algorithm>
#include <cmath>

#include "bertune/optim.h"
#include "core/parallel.h"
#include "kernels/ops.h"

namespace bertune::optim {

// Parameters first .. end of the layout: neighbours with the same decay are one range.
void Optimizer::update_range(std::size_t first, std::size_t end, float gradient_scale) {
  const std::vector<Parameter>& layout = parameters_->layout();
  for (std::size_t i = first; i < end;) {
    Update next{.offset = layout[i].offset,
                .decay = layout[i].weight_decay,
                .gradients = parameters_->gradients().data() + layout[i].offset,
                .gradient_scale = gradient_scale,
                .learning_rate = learning_rate_,
                .step = steps_};
    for (; i < end && layout[i].weight_decay == next.decay; ++i) next.size += layout[i].size;
    update(next);
  }
}

void Optimizer::step(float gradient_scale) {
  const std::vector<Parameter>& layout = parameters_->layout();
  if (row_steps_.empty()) {
    ++steps_;
    update_range(0, layout.size(), gradient_scale);
    return;
  }
  const std::span<const std::int32_t> rows = parameters_->marked_rows();
  bring_up_to_date(rows);
  ++steps_;
  learning_rates_.push_back(learning_rate_);
  const Parameter& sparse = *parameters_->few_rows();
  const auto place = static_cast<std::size_t>(&sparse - layout.data());
  update_range(0, place, gradient_scale);
  update_range(place + 1, layout.size(), gradient_scale);
  const auto width = static_cast<std::size_t>(sparse.shape.back());
  const float* gradients = parameters_->gradients().data();
  parallel_for(static_cast<std::int64_t>(rows.size()), [&](std::int64_t i) {
    const auto row = static_cast<std::size_t>(rows[static_cast<std::size_t>(i)]);
    const std::size_t offset = sparse.offset + row * width;
    update({offset, width, sparse.weight_decay, gradients + offset, gradient_scale, learning_rate_, steps_});
    row_steps_[row] = steps_;
  });
}

void Optimizer::defer_unused_rows() {
  if (parameters_->few_rows() == nullptr || !row_steps_.empty()) return;
  parameters_->track_rows();
  row_steps_.resize(static_cast<std::size_t>(parameters_->few_rows()->shape.front()));
  zero_gradient_.resize(static_cast<std::size_t>(parameters_->few_rows()->shape.back()));
  set_steps(steps_);
}

void Optimizer::set_steps(std::int64_t steps) {
  steps_ = steps;
  std::ranges::fill(row_steps_, steps);
  learning_rates_.clear();
  first_recorded_step_ = steps + 1;
}

// The updates that a row missed, one after another: its gradient was zero in each.
void Optimizer::catch_up(std::int32_t row) {
  const Parameter& sparse = *parameters_->few_rows();
  const auto at = static_cast<std::size_t>(row), width = zero_gradient_.size();
  for (std::int64_t step = row_steps_[at] + 1; step <= steps_; ++step) {
    const double rate = learning_rates_[static_cast<std::size_t>(step - first_recorded_step_)];
    update({sparse.offset + at * width, width, sparse.weight_decay, zero_gradient_.data(), 1.0F, rate, step});
  }
  row_steps_[at] = steps_;
}

void Optimizer::bring_up_to_date(std::span<const std::int32_t> rows) {
  if (row_steps_.empty()) return;
  std::vector<std::int32_t> behind;
  for (const std::int32_t row : rows) {
    if (row_steps_[static_cast<std::size_t>(row)] < steps_) behind.push_back(row);
  }
  std::ranges::sort(behind);
  const auto repeated = std::ranges::unique(behind);
  behind.erase(repeated.begin(), repeated.end());
  parallel_for(static_cast<std::int64_t>(behind.size()),
               [&](std::int64_t i) { catch_up(behind[static_cast<std::size_t>(i)]); });
}

void Optimizer::bring_up_to_date() {
  if (row_steps_.empty()) return;
  parallel_for(static_cast<std::int64_t>(row_steps_.size()),
               [&](std::int64_t row) { catch_up(static_cast<std::int32_t>(row)); });
  set_steps(steps_);
}

double gradient_norm(const Parameters& parameters) {
  const std::span<const float> gradients = parameters.gradients();
  const auto squares = [&](std::size_t offset, std::size_t size) {
    return kernels::ops().sum_of_squares(gradients.data() + offset, static_cast<std::int64_t>(size));
  };
  const Parameter* sparse = parameters.rows_are_tracked() ? parameters.few_rows() : nullptr;
  if (sparse == nullptr) return std::sqrt(squares(0, gradients.size()));
  const auto width = static_cast<std::size_t>(sparse->shape.back());
  const std::size_t end = sparse->offset + sparse->size;
  double sum = squares(0, sparse->offset) + squares(end, gradients.size() - end);
  for (const std::int32_t row : parameters.marked_rows())
    sum += squares(sparse->offset + static_cast<std::size_t>(row) * width, width);
  return std::sqrt(sum);
}

float clip_scale(double norm, double max_norm) {
  if (max_norm <= 0) return 1.0F;
  const double scale = max_norm / (norm + 1e-6);  // the 1e-6 is PyTorch's
  return scale < 1.0 ? static_cast<float>(scale) : 1.0F;
}

}  // namespace bertune::optim
