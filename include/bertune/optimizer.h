// Optimizer is the interface of all optimizers, which bertune/optim.h lists. Threads: one call at a time per
// optimizer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/export.h"
#include "bertune/parameters.h"

namespace bertune::optim {

// The effect of a step on the rows of the matrix with Parameter::few_rows whose gradient is zero.
enum class UnusedRows {
  can_wait,   // each number is updated for itself: the update can be made when the row is next read
  must_step,  // the update depends on the whole matrix, or the whole matrix on it
  rest,       // they are not updated at all (SparseAdam)
};

class BERTUNE_EXPORT Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Updates every trainable parameter once from its gradient. `gradient_scale` multiplies gradients as they
  // are read (clipping).
  void step(float gradient_scale = 1.0F);
  // Zeroes and computes all gradients at the values that the parameters have now, and returns the loss.
  using Closure = std::function<double()>;
  // Updates with gradients from `closure`, which is called once, or by LBFGS as often as it searches. Returns
  // the loss before the step.
  double step(const Closure& closure);
  bool needs_closure() const { return traits_.needs_closure; }  // step() without one throws Error
  void zero_grad() { parameters_->zero_grad(); }

  // Defers updates of rows of the matrix with Parameter::few_rows (word embeddings) whose gradient is zero.
  // Requires: call bring_up_to_date(rows) for the rows that a forward will read, and bring_up_to_date()
  // before anything else reads values or state. A deferred row then receives exactly the updates that it
  // missed: results are bit-identical, at the cost of the used rows only. No effect on optimizers whose rows
  // cannot wait (UnusedRows).
  void defer_unused_rows();
  // Apply the deferred updates of these rows, or of all.
  void bring_up_to_date(std::span<const std::int32_t> rows);
  void bring_up_to_date();

  double learning_rate() const { return learning_rate_; }
  void set_learning_rate(double lr) { learning_rate_ = lr; }
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps);  // with all rows up to date

  // The state that is kept from step to step, under PyTorch's names ("exp_avg", "momentum_buffer"): it is
  // saved, and restored by writing into it and set_steps(). Most are as long as the trainable parameters, or
  // as the part of them that the optimizer updates (Parameters::set_part): its rows of few_rows(), then its
  // ranges_of().
  struct State {
    std::string name;
    std::span<float> values;
    bool on_host = false;  // else memory of the operations, as that of Parameters is
  };
  virtual std::vector<State> state() = 0;
  // Announces the names that will be restored: a state that grows with the steps (LBFGS) is allocated for
  // them.
  virtual void expect_state(std::span<const std::string> names);
  std::string_view name() const { return traits_.name; }

 protected:
  struct Traits {
    std::string_view name;
    double lr = 0;
    bool maximize = false;
    UnusedRows unused_rows = UnusedRows::can_wait;
    bool whole_tensors = false;  // ranges are of one parameter each, not of neighbors together
    bool needs_closure = false;
  };
  Optimizer(Parameters& parameters, const Traits& traits);

  struct Update;   // of a range of numbers (optim/update.h)
  struct Updates;  // of all that a step moves
  virtual void update(const Updates& updates) = 0;
  // Begins a step, before its updates; returns the learning rate that they get.
  virtual double begin_step() { return learning_rate_; }
  // Returns that rate for parameters with this Parameter::learning_rate_scale.
  virtual double scaled_rate(double rate, double scale) const { return rate * scale; }
  // Implements step(closure) for an optimizer that needs a closure; returns the loss before the step.
  virtual double search(const Closure& closure);

  // Returns the length of a state with a number for each value that this optimizer updates.
  std::size_t state_size() const;
  // Returns how many numbers at its start are of few_rows(), of which a step touches few; 0 where it touches
  // all.
  std::size_t sparse_state_size() const;
  // Calls visit(parameter, place, size) for each piece of such a state that is of one parameter.
  void for_each_state_range(
      const std::function<void(const Parameter&, std::size_t, std::size_t)>& visit) const;

  Parameters* parameters_;
  Traits traits_;
  double learning_rate_;
  std::int64_t steps_ = 0;

 private:
  struct DeferredRows;

  void add_ranges(Updates& updates, std::size_t first, std::size_t end, float gradient_scale,
                  double rate) const;
  Update row_update(const float* gradients, float gradient_scale, double rate, std::int64_t step) const;
  void set_part();
  void leave_to_others(Updates& updates) const;
  void catch_up(std::span<const std::int32_t> rows);

  std::unique_ptr<DeferredRows> deferred_;  // null unless rows are deferred
  std::vector<std::size_t> state_offsets_;  // one per parameter
  struct OwnRange {
    std::size_t offset, size, state_offset;
  };
  // A part of the parameters: the numbers of its rows of few_rows(), and its ranges.
  std::size_t own_rows_size_ = 0;
  std::vector<OwnRange> own_ranges_;
};

}  // namespace bertune::optim
