// What all optimizers have in common. Those that there are: bertune/optim.h.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/parameters.h"

namespace bertune::optim {

// What a step means to the rows of the matrix with Parameter::few_rows that have a gradient of zero.
enum class UnusedRows {
  can_wait,   // each number is updated for itself: the update can be made when the row is next read
  must_step,  // the update depends on the whole matrix, or the whole matrix on it
  rest,       // they are not updated at all (SparseAdam)
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
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
    bool whole_tensors = false;  // update() gets one parameter at a time, not neighbours together
    bool needs_closure = false;
  };
  Optimizer(Parameters& parameters, const Traits& traits);

  // What one update of a range of numbers takes; the step counts from 1.
  struct Update {
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
  virtual void update(const Update& update) = 0;
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
  void update_range(std::size_t first, std::size_t end, float gradient_scale, double rate);
  Update row_update(std::size_t row, const float* gradients, float gradient_scale, double rate,
                    std::int64_t step) const;
  void update_rows(std::span<const std::int32_t> rows, float gradient_scale, double rate);
  void catch_up(std::int32_t row);

  // Of deferred rows: the last step that each took part in, and the learning rates of the steps since the
  // first that any of them may have missed.
  std::vector<std::int64_t> row_steps_;
  std::vector<double> learning_rates_;
  std::int64_t first_recorded_step_ = 1;
  std::vector<float> zero_gradient_;
  std::vector<std::size_t> state_offsets_;  // a parameter each
};

}  // namespace bertune::optim
