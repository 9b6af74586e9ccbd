// The optimizers of torch.optim, equal to PyTorch's step for step, over a model's flat parameters.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/parameters.h"

namespace bertune::optim {

struct AdamWOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 1e-2;
};
struct AdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;  // added to the gradient (L2)
};
struct SGDOptions {
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;
};
struct AdagradOptions {
  double lr = 1e-2, lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One update of every parameter from its gradient. `gradient_scale` multiplies gradients as they are read
  // (clipping).
  void step(float gradient_scale = 1.0F);
  void zero_grad() { parameters_->zero_grad(); }

  // From now on, rows of the matrix with Parameter::few_rows (word embeddings) whose gradient is zero are
  // left as they are, and are brought up to date when they are asked for, by the very updates that they
  // missed: results are the same bits, at the cost of the rows that are used. The caller must ask: for the
  // rows that a forward will read, and for all rows (no argument) before anything else reads values or state.
  void defer_unused_rows();
  void bring_up_to_date(std::span<const std::int32_t> rows);
  void bring_up_to_date();

  double learning_rate() const { return learning_rate_; }
  void set_learning_rate(double lr) { learning_rate_ = lr; }
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps);  // with all rows up to date

  // The state kept from step to step, each as long as the parameters: saved, and restored by writing into it.
  struct State {
    std::string name;  // PyTorch's: "exp_avg", "exp_avg_sq", "momentum_buffer", "sum"
    std::span<float> values;
  };
  virtual std::vector<State> state() = 0;
  virtual std::string_view name() const = 0;

 protected:
  Optimizer(Parameters& parameters, double lr) : parameters_(&parameters), learning_rate_(lr) {}
  // What one update of a range of numbers takes; the step counts from 1.
  struct Update {
    std::size_t offset = 0, size = 0;
    bool decay = true;  // whether weight decay applies to them
    const float* gradients = nullptr;
    float gradient_scale = 1;
    double learning_rate = 0;
    std::int64_t step = 1;
  };
  virtual void update(const Update& update) = 0;

  Parameters* parameters_;
  double learning_rate_;
  std::int64_t steps_ = 0;

 private:
  void update_range(std::size_t first, std::size_t end, float gradient_scale);
  void catch_up(std::int32_t row);

  // Of deferred rows: the last step that each took part in, and the learning rates of the steps since the
  // first that any of them may have missed.
  std::vector<std::int64_t> row_steps_;
  std::vector<double> learning_rates_;
  std::int64_t first_recorded_step_ = 1;
  std::vector<float> zero_gradient_;
};

// Weight decay applies to the parameters whose `weight_decay` is set (all but biases and LayerNorm), as in
// the Trainer.
std::unique_ptr<Optimizer> adamw(Parameters& parameters, const AdamWOptions& options = {});
std::unique_ptr<Optimizer> adam(Parameters& parameters, const AdamOptions& options = {});
std::unique_ptr<Optimizer> sgd(Parameters& parameters, const SGDOptions& options = {});
std::unique_ptr<Optimizer> adagrad(Parameters& parameters, const AdagradOptions& options = {});

// The 2-norm of all gradients, summed in a fixed order.
double gradient_norm(const Parameters& parameters);
// What to multiply gradients by so that their norm is at most max_norm (torch.nn.utils.clip_grad_norm_).
float clip_scale(double norm, double max_norm);

enum class Schedule { linear, cosine, constant, constant_with_warmup };
Schedule schedule_from_string(std::string_view name);  // throws UsageError, naming the choices
// Transformers' get_scheduler: the factor on the base rate for the step numbered `step` from 0.
double schedule_factor(Schedule schedule, std::int64_t step, std::int64_t warmup_steps,
                       std::int64_t total_steps);

}  // namespace bertune::optim
