#include "bertune/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "bertune/error.h"
#include "kernels/buffer.h"
#include "optim/update.h"

namespace bertune::optim {

// The last step that each row took part in, and the learning rates of the steps since the first that any of
// them may have missed.
struct Optimizer::DeferredRows {
  std::vector<std::int64_t> steps;
  std::vector<double> learning_rates;
  std::int64_t first_recorded_step = 1;
  kernels::Buffer<float> zero_gradient;  // of a row
};

Optimizer::~Optimizer() = default;

Optimizer::Optimizer(Parameters& parameters, const Traits& traits)
    : parameters_(&parameters), traits_(traits), learning_rate_(traits.lr) {
  std::size_t total = 0;
  for (const Parameter& parameter : parameters.layout()) {
    state_offsets_.push_back(total);
    if (parameter.trainable) total += parameter.size;
  }
  if (!parameters.part().is_all()) set_part();
}

// The rows of the word embeddings are divided by their numbers, and only the owner's take part in a step.
void Optimizer::set_part() {
  if (traits_.whole_tensors || traits_.needs_closure) {
    throw UsageError(
        "shard_optimizer",
        fmt::format("optimizer {}: its step needs whole tensors, which `shard_optimizer` divides; "
                    "take another optimizer, or leave `shard_optimizer` out",
                    name()));
  }
  defer_unused_rows();
  if (traits_.unused_rows == UnusedRows::rest) parameters_->track_rows();
  if (const Parameter* words = parameters_->tracked_rows()) {
    const std::int64_t rows = parameters_->part().rows(words->shape.front());
    own_rows_size_ = static_cast<std::size_t>(rows * words->shape.back());
  }
  std::size_t state_offset = own_rows_size_;
  for (const Parameters::Range& range : parameters_->ranges_of(parameters_->part())) {
    own_ranges_.push_back({range.offset, range.size, state_offset});
    state_offset += range.size;
  }
}

std::size_t Optimizer::state_size() const {
  if (parameters_->part().is_all()) return parameters_->trainable_count();
  std::size_t size = own_rows_size_;
  for (const OwnRange& range : own_ranges_) size += range.size;
  return size;
}

std::size_t Optimizer::sparse_state_size() const {
  if (traits_.unused_rows == UnusedRows::must_step) return 0;
  if (parameters_->part().is_all()) return parameters_->sparse_prefix();
  return own_rows_size_;
}

void Optimizer::for_each_state_range(
    const std::function<void(const Parameter&, std::size_t, std::size_t)>& visit) const {
  const std::vector<Parameter>& layout = parameters_->layout();
  if (parameters_->part().is_all()) {
    for (std::size_t i = 0; i < layout.size(); ++i)
      if (layout[i].trainable) visit(layout[i], state_offsets_[i], layout[i].size);
    return;
  }
  if (own_rows_size_ > 0) visit(*parameters_->few_rows(), 0, own_rows_size_);
  for (const OwnRange& range : own_ranges_) {
    for (const Parameter& parameter : layout) {
      const std::size_t begin = std::max(range.offset, parameter.offset);
      const std::size_t end = std::min(range.offset + range.size, parameter.offset + parameter.size);
      if (begin < end) visit(parameter, range.state_offset + (begin - range.offset), end - begin);
    }
  }
}

// Cuts what is another process's out of the updates, and gives the rest their places in the states.
void Optimizer::leave_to_others(Updates& updates) const {
  const Part part = parameters_->part();
  if (part.is_all()) return;
  std::vector<Update> own;
  for (const Update& update : updates.ranges) {
    for (const OwnRange& range : own_ranges_) {
      const std::size_t begin = std::max(range.offset, update.offset);
      const std::size_t end = std::min(range.offset + range.size, update.offset + update.size);
      if (begin >= end) continue;
      Update& cut = own.emplace_back(update);
      cut.offset = begin;
      cut.size = end - begin;
      cut.gradients += begin - update.offset;
      cut.state_offset = range.state_offset + (begin - range.offset);
    }
  }
  updates.ranges = std::move(own);
  for (Update& update : updates.row_steps) update.state_offset = 0;
  std::erase_if(updates.rows, [&](const kernels::SteppedRow& row) { return !part.has_row(row.row); });
  for (kernels::SteppedRow& row : updates.rows) row.state_row = row.row / part.count;
}

// Parameters first .. end of the layout: neighbors with the same decay and rate are one range.
void Optimizer::add_ranges(Updates& updates, std::size_t first, std::size_t end, float gradient_scale,
                           double rate) const {
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
    updates.ranges.push_back(next);
  }
}

// Returns the update of row 0 of the matrix with few_rows.
Optimizer::Update Optimizer::row_update(const float* gradients, float gradient_scale, double rate,
                                        std::int64_t step) const {
  const Parameter& sparse = *parameters_->few_rows();
  return {.offset = sparse.offset,
          .size = static_cast<std::size_t>(sparse.shape.back()),
          .state_offset = state_offsets_[static_cast<std::size_t>(&sparse - parameters_->layout().data())],
          .decay = sparse.weight_decay,
          .parameter = &sparse,
          .gradients = gradients,
          .gradient_scale = gradient_scale,
          .learning_rate = scaled_rate(rate, sparse.learning_rate_scale),
          .step = step};
}

void Optimizer::step(float gradient_scale) {
  if (needs_closure()) throw Error(fmt::format("{} needs a closure: call step(closure)", name()));
  parameters_->mark_changed();
  if (traits_.maximize) gradient_scale = -gradient_scale;
  const std::vector<Parameter>& layout = parameters_->layout();
  Updates updates;
  if (deferred_ == nullptr && traits_.unused_rows != UnusedRows::rest) {
    ++steps_;
    add_ranges(updates, 0, layout.size(), gradient_scale, begin_step());
    leave_to_others(updates);
    update(updates);
    return;
  }
  const std::span<const std::int32_t> rows = parameters_->marked_rows();
  bring_up_to_date(rows);
  ++steps_;
  const double rate = begin_step();
  const Parameter& sparse = *parameters_->few_rows();
  const auto place = static_cast<std::size_t>(&sparse - layout.data());
  add_ranges(updates, 0, place, gradient_scale, rate);
  add_ranges(updates, place + 1, layout.size(), gradient_scale, rate);
  updates.row_steps.push_back(
      row_update(parameters_->gradients().data() + sparse.offset, gradient_scale, rate, steps_));
  for (const std::int32_t row : rows) updates.rows.push_back({.row = row, .first = 0, .end = 1});
  leave_to_others(updates);
  update(updates);
  if (deferred_ == nullptr) return;
  deferred_->learning_rates.push_back(rate);
  for (const std::int32_t row : rows) deferred_->steps[static_cast<std::size_t>(row)] = steps_;
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
  if (parameters_->few_rows() == nullptr || deferred_ != nullptr) return;
  if (traits_.unused_rows != UnusedRows::can_wait) return;
  parameters_->track_rows();
  deferred_ = std::make_unique<DeferredRows>();
  deferred_->steps.resize(static_cast<std::size_t>(parameters_->few_rows()->shape.front()));
  deferred_->zero_gradient =
      kernels::Buffer<float>(static_cast<std::size_t>(parameters_->few_rows()->shape.back()));
  set_steps(steps_);
}

void Optimizer::set_steps(std::int64_t steps) {
  steps_ = steps;
  if (deferred_ == nullptr) return;
  std::ranges::fill(deferred_->steps, steps);
  deferred_->learning_rates.clear();
  deferred_->first_recorded_step = steps + 1;
}

// The updates that rows (ascending, each once) missed, one after another: their gradients were zero in each.
void Optimizer::catch_up(std::span<const std::int32_t> rows) {
  std::int64_t first = steps_ + 1;
  for (const std::int32_t row : rows)
    first = std::min(first, deferred_->steps[static_cast<std::size_t>(row)] + 1);
  Updates updates;
  updates.one_gradient = true;
  for (std::int64_t step = first; step <= steps_; ++step) {
    const double rate =
        deferred_->learning_rates[static_cast<std::size_t>(step - deferred_->first_recorded_step)];
    updates.row_steps.push_back(row_update(deferred_->zero_gradient.data(), 1.0F, rate, step));
  }
  for (const std::int32_t row : rows) {
    std::int64_t& last = deferred_->steps[static_cast<std::size_t>(row)];
    if (last < steps_)
      updates.rows.push_back({.row = row, .first = last + 1 - first, .end = steps_ + 1 - first});
    last = steps_;
  }
  leave_to_others(updates);
  if (updates.rows.empty()) return;
  parameters_->mark_changed();
  update(updates);
}

void Optimizer::bring_up_to_date(std::span<const std::int32_t> rows) {
  if (deferred_ == nullptr) return;
  std::vector<std::int32_t> behind;
  for (const std::int32_t row : rows) {
    if (deferred_->steps[static_cast<std::size_t>(row)] < steps_) behind.push_back(row);
  }
  std::ranges::sort(behind);
  behind.erase(std::unique(behind.begin(), behind.end()), behind.end());
  catch_up(behind);
}

void Optimizer::bring_up_to_date() {
  if (deferred_ == nullptr) return;
  std::vector<std::int32_t> all(deferred_->steps.size());
  std::iota(all.begin(), all.end(), 0);
  catch_up(all);
  set_steps(steps_);
}

}  // namespace bertune::optim
