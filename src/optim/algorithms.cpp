// The optimizers, each a state and a kernel.
#include "bertune/optim.h"
#include "core/aligned_buffer.h"
#include "kernels/ops.h"

namespace bertune::optim {
namespace {

using kernels::ops;

class Adam : public Optimizer {
 public:
  Adam(Parameters& parameters, const AdamOptions& options, bool decoupled)
      : Optimizer(parameters, options.lr),
        options_(options),
        decoupled_(decoupled),
        exp_avg_(parameters.count()),
        exp_avg_sq_(parameters.count()) {}
  std::vector<State> state() override {
    return {{"exp_avg", exp_avg_.span()}, {"exp_avg_sq", exp_avg_sq_.span()}};
  }
  std::string_view name() const override { return decoupled_ ? "adamw" : "adam"; }

 private:
  void update(std::size_t offset, std::size_t size, bool decay, float gradient_scale) override {
    ops().adam_step({.size = static_cast<std::int64_t>(size),
                     .values = parameters_->values().data() + offset,
                     .gradients = parameters_->gradients().data() + offset,
                     .exp_avg = exp_avg_.data() + offset,
                     .exp_avg_sq = exp_avg_sq_.data() + offset,
                     .gradient_scale = gradient_scale,
                     .lr = learning_rate_,
                     .beta1 = options_.beta1,
                     .beta2 = options_.beta2,
                     .eps = options_.eps,
                     .weight_decay = decay ? options_.weight_decay : 0,
                     .decoupled = decoupled_,
                     .step = steps_});
  }

  AdamOptions options_;
  bool decoupled_;
  AlignedBuffer<float> exp_avg_, exp_avg_sq_;
};

class Sgd : public Optimizer {
 public:
  Sgd(Parameters& parameters, const SGDOptions& options)
      : Optimizer(parameters, options.lr),
        options_(options),
        momentum_buffer_(options.momentum != 0 ? parameters.count() : 0) {}
  std::vector<State> state() override {
    if (momentum_buffer_.size() == 0) return {};
    return {{"momentum_buffer", momentum_buffer_.span()}};
  }
  std::string_view name() const override { return "sgd"; }

 private:
  void update(std::size_t offset, std::size_t size, bool decay, float gradient_scale) override {
    ops().sgd_step(
        {.size = static_cast<std::int64_t>(size),
         .values = parameters_->values().data() + offset,
         .gradients = parameters_->gradients().data() + offset,
         .momentum_buffer = momentum_buffer_.size() != 0 ? momentum_buffer_.data() + offset : nullptr,
         .gradient_scale = gradient_scale,
         .lr = learning_rate_,
         .momentum = options_.momentum,
         .dampening = options_.dampening,
         .weight_decay = decay ? options_.weight_decay : 0,
         .nesterov = options_.nesterov,
         .step = steps_});
  }

  SGDOptions options_;
  AlignedBuffer<float> momentum_buffer_;
};

class Adagrad : public Optimizer {
 public:
  Adagrad(Parameters& parameters, const AdagradOptions& options)
      : Optimizer(parameters, options.lr), options_(options), sum_(parameters.count()) {
    for (float& value : sum_.span()) value = static_cast<float>(options.initial_accumulator_value);
  }
  std::vector<State> state() override { return {{"sum", sum_.span()}}; }
  std::string_view name() const override { return "adagrad"; }

 private:
  void update(std::size_t offset, std::size_t size, bool decay, float gradient_scale) override {
    ops().adagrad_step({.size = static_cast<std::int64_t>(size),
                        .values = parameters_->values().data() + offset,
                        .gradients = parameters_->gradients().data() + offset,
                        .sum = sum_.data() + offset,
                        .gradient_scale = gradient_scale,
                        .lr = learning_rate_,
                        .lr_decay = options_.lr_decay,
                        .eps = options_.eps,
                        .weight_decay = decay ? options_.weight_decay : 0,
                        .step = steps_});
  }

  AdagradOptions options_;
  AlignedBuffer<float> sum_;
};

}  // namespace

std::unique_ptr<Optimizer> adamw(Parameters& parameters, const AdamWOptions& options) {
  return std::make_unique<Adam>(
      parameters, AdamOptions{options.lr, options.beta1, options.beta2, options.eps, options.weight_decay},
      true);
}
std::unique_ptr<Optimizer> adam(Parameters& parameters, const AdamOptions& options) {
  return std::make_unique<Adam>(parameters, options, false);
}
std::unique_ptr<Optimizer> sgd(Parameters& parameters, const SGDOptions& options) {
  return std::make_unique<Sgd>(parameters, options);
}
std::unique_ptr<Optimizer> adagrad(Parameters& parameters, const AdagradOptions& options) {
  return std::make_unique<Adagrad>(parameters, options);
}

}  // namespace bertune::optim
