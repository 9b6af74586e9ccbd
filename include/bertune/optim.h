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

  double learning_rate() const { return learning_rate_; }
  void set_learning_rate(double lr) { learning_rate_ = lr; }
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

  // The state kept from step to step, each as long as the parameters: saved, and restored by writing into it.
  struct State {
    std::string name;  // PyTorch's: "exp_avg", "exp_avg_sq", "momentum_buffer", "sum"
    std::span<float> values;
  };
  virtual std::vector<State> state() = 0;
  virtual std::string_view name() const = 0;

 protected:
  Optimizer(Parameters& parameters, double lr) : parameters_(&parameters), learning_rate_(lr) {}
  // Updates the numbers of one range; `decay` is the weight decay that applies to them.
  virtual void update(std::size_t offset, std::size_t size, bool decay, float gradient_scale) = 0;

  Parameters* parameters_;
  double learning_rate_;
  std::int64_t steps_ = 0;
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
