#include "bertune/optimizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "core/parallel.h"

namespace bertune::optim {

Optimizer::Optimizer(Parameters& parameters, const Traits& traits)
    : parameters_(&parameters), traits_(traits), learning_rate_(traits.lr) {
  std::size_t total = 0;
  for (const Parameter& parameter : parameters.layout()) {
    state_offsets_.push_back(total);
    if (parameter.trainable) total += parameter.size;
  }
}

// Parameters first .. end of the layout: neighbours with the same decay and rate are one range.
void Optimizer::update_range(std::size_t first, std::size_t end, float gradient_scale, double rate) {
  const std::vector<Parameter>& layout = parameters_->layout();
  for (std::size_t i = first; i < end;) {
    if (!layout[i].trainable) {
      ++i;
      continue;
    }
    const double scale = layout[i].learning_rate_scale;
    Update next{.offset = layout[i].offset,
                .state_offset = state_offsets_[i],
                .decay = layout[i].weight_decay,
                .parameter = traits_.whole_tensors ? &layout[i] : nullptr,
                .gradients = parameters_->gradients().data() + layout[i].offset,
                .gradient_scale = gradient_scale,
                .learning_rate = scaled_rate(rate, scale),
                .step = steps_};
    const std::size_t last = traits_.whole_tensors ? i + 1 : end;
    const auto belongs = [&](const Parameter& parameter) {
      return parameter.trainable && parameter.weight_decay == next.decay &&
             parameter.learning_rate_scale == scale;
    };
    for (; i < last && belongs(layout[i]); ++i) next.size += layout[i].size;
    update(next);
  }
}

Optimizer::Update Optimizer::row_update(std::size_t row, const float* gradients, float gradient_scale,
                                        double rate, std::int64_t step) const {
  const Parameter& sparse = *parameters_->few_rows();
  const auto place = static_cast<std::size_t>(&sparse - parameters_->layout().data()),
             width = static_cast<std::size_t>(sparse.shape.back());
  return {.offset = sparse.offset + row * width,
          .size = width,
          .state_offset = state_offsets_[place] + row * width,
          .decay = sparse.weight_decay,
          .parameter = &sparse,
          .gradients = gradients,
          .gradient_scale = gradient_scale,
          .learning_rate = scaled_rate(rate, sparse.learning_rate_scale),
          .step = step};
}

void Optimizer::update_rows(std::span<const std::int32_t> rows, float gradient_scale, double rate) {
  const Parameter& sparse = *parameters_->few_rows();
  const auto width = static_cast<std::size_t>(sparse.shape.back());
  const float* gradients = parameters_->gradients().data() + sparse.offset;
  parallel_for(static_cast<std::int64_t>(rows.size()), [&](std::int64_t i) {
    const auto row = static_cast<std::size_t>(rows[static_cast<std::size_t>(i)]);
    update(row_update(row, gradients + row * width, gradient_scale, rate, steps_));
    if (!row_steps_.empty()) row_steps_[row] = steps_;
  });
}

void Optimizer::step(float gradient_scale) {
  if (needs_closure()) throw Error(fmt::format("{} needs a closure: call step(closure)", name()));
  parameters_->mark_changed();
  if (traits_.maximize) gradient_scale = -gradient_scale;
  const std::vector<Parameter>& layout = parameters_->layout();
  const bool rows_apart = !row_steps_.empty() || traits_.unused_rows == UnusedRows::rest;
  if (!rows_apart) {
    ++steps_;
    update_range(0, layout.size(), gradient_scale, begin_step());
    return;
  }
  const std::span<const std::int32_t> rows = parameters_->marked_rows();
  bring_up_to_date(rows);
  ++steps_;
  const double rate = begin_step();
  if (!row_steps_.empty()) learning_rates_.push_back(rate);
  const auto place = static_cast<std::size_t>(parameters_->few_rows() - layout.data());
  update_range(0, place, gradient_scale, rate);
  update_range(place + 1, layout.size(), gradient_scale, rate);
  update_rows(rows, gradient_scale, rate);
}

double Optimizer::step(const Closure& closure) {
  if (needs_closure()) {
    const double searched = search([&] {
      parameters_->mark_changed();
      return closure();
    });
    parameters_->mark_changed();
    return searched;
  }
  const double loss = closure();
  step();
  return loss;
}

double Optimizer::search(const Closure&) { throw Error(fmt::format("{} does not search", name())); }

void Optimizer::expect_state(std::span<const std::string>) {}

void Optimizer::defer_unused_rows() {
  if (parameters_->few_rows() == nullptr || !row_steps_.empty()) return;
  if (traits_.unused_rows != UnusedRows::can_wait) return;
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
  const auto at = static_cast<std::size_t>(row);
  for (std::int64_t step = row_steps_[at] + 1; step <= steps_; ++step) {
    const double rate = learning_rates_[static_cast<std::size_t>(step - first_recorded_step_)];
    update(row_update(at, zero_gradient_.data(), 1.0F, rate, step));
  }
  row_steps_[at] = steps_;
}

void Optimizer::bring_up_to_date(std::span<const std::int32_t> rows) {
  if (row_steps_.empty()) return;
  parameters_->mark_changed();
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
  parameters_->mark_changed();
  parallel_for(static_cast<std::int64_t>(row_steps_.size()),
               [&](std::int64_t row) { catch_up(static_cast<std::int32_t>(row)); });
  set_steps(steps_);
}

}  // namespace bertune::optim
