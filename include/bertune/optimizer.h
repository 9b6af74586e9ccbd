// What all optimizers have in common. Those that there are: bertune/optim.h.
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

// What a step means to the rows of the matrix with Parameter::few_rows that have a gradient of zero.
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

  // One update of every trainable parameter from its gradient. `gradient_scale` multiplies gradients as they
  // are read (clipping).
  void step(float gradient_scale = 1.0F);
  // Zeroes and computes all gradients at the values that the parameters have now, and returns the loss.
  using Closure = std::function<double()>;
  // The same with gradients from `closure`: called once, but by LBFGS as often as it searches. Returns the
  // loss before the step.
  double step(const Closure& closure);
  bool needs_closure() const { return traits_.needs_closure; }  // step() without one throws Error
  void zero_grad() { parameters_->zero_grad(); }

  // From now on, rows of the matrix with Parameter::few_rows (word embeddings) whose gradient is zero are
  // left as they are, and are brought up to date when they are asked for, by the very updates that they
  // missed: results are the same bits, at the cost of the rows that are used. The caller must ask: for the
  // rows that a forward will read, and for all rows (no argument) before anything else reads values or state.
  // Without effect for optimizers whose rows cannot wait.
  void defer_unused_rows();
  void bring_up_to_date(std::span<const std::int32_t> rows);
  void bring_up_to_date();

  double learning_rate() const { return learning_rate_; }
  void set_learning_rate(double lr) { learning_rate_ = lr; }
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps);  // with all rows up to date

  // The state kept from step to step, in PyTorch's names ("exp_avg", "momentum_buffer"): saved, and restored
  // by writing into it and set_steps(). Most are as long as the trainable parameters.
  struct State {
    std::string name;
    std::span<float> values;
    bool on_host = false;  // else memory of the operations, as that of Parameters is
  };
  virtual std::vector<State> state() = 0;
  // The names that will be restored: what grows with the steps (LBFGS) makes room for them.
  virtual void expect_state(std::span<const std::string> names);
  std::string_view name() const { return traits_.name; }

 protected:
  struct Traits {
    std::string_view name;
    double lr = 0;
    bool maximize = false;
    UnusedRows unused_rows = UnusedRows::can_wait;
    bool whole_tensors = false;  // ranges are of one parameter each, not of neighbours together
    bool needs_closure = false;
  };
  Optimizer(Parameters& parameters, const Traits& traits);

  struct Update;   // of a range of numbers (optim/update.h)
  struct Updates;  // of all that a step moves
  virtual void update(const Updates& updates) = 0;
  // Called once a step, before its updates; returns the learning rate that they get.
  virtual double begin_step() { return learning_rate_; }
  // That rate for parameters with such a Parameter::learning_rate_scale.
  virtual double scaled_rate(double rate, double scale) const { return rate * scale; }
  // step(closure) of an optimizer that needs one.
  virtual double search(const Closure& closure);

  Parameters* parameters_;
  Traits traits_;
  double learning_rate_;
  std::int64_t steps_ = 0;

 private:
  struct DeferredRows;

  void add_ranges(Updates& updates, std::size_t first, std::size_t end, float gradient_scale,
                  double rate) const;
  Update row_update(const float* gradients, float gradient_scale, double rate, std::int64_t step) const;
  void catch_up(std::span<const std::int32_t> rows);

  std::unique_ptr<DeferredRows> deferred_;  // null unless rows are deferred
  std::vector<std::size_t> state_offsets_;  // a parameter each
};

}  // namespace bertune::optim
