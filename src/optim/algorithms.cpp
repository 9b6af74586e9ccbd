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
        exp_avg_(parameters.count(), parameters.sparse_prefix()),
        exp_avg_sq_(parameters.count(), parameters.sparse_prefix()) {}
  std::vector<State> state() override {
    return {{"exp_avg", exp_avg_.span()}, {"exp_avg_sq", exp_avg_sq_.span()}};
  }
  std::string_view name() const override { return decoupled_ ? "adamw" : "adam"; }

 private:
  void update(const Update& u) override {
    ops().adam_step({.size = static_cast<std::int64_t>(u.size),
                     .values = parameters_->values().data() + u.offset,
                     .gradients = u.gradients,
                     .exp_avg = exp_avg_.data() + u.offset,
                     .exp_avg_sq = exp_avg_sq_.data() + u.offset,
                     .gradient_scale = u.gradient_scale,
                     .lr = u.learning_rate,
                     .beta1 = options_.beta1,
                     .beta2 = options_.beta2,
                     .eps = options_.eps,
                     .weight_decay = u.decay ? options_.weight_decay : 0,
                     .decoupled = decoupled_,
                     .step = u.step});
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
        momentum_buffer_(options.momentum != 0 ? parameters.count() : 0, parameters.sparse_prefix()) {}
  std::vector<State> state() override {
    if (momentum_buffer_.size() == 0) return {};
    return {{"momentum_buffer", momentum_buffer_.span()}};
  }
  std::string_view name() const override { return "sgd"; }

 private:
  void update(const Update& u) override {
    ops().sgd_step(
        {.size = static_cast<std::int64_t>(u.size),
         .values = parameters_->values().data() + u.offset,
         .gradients = u.gradients,
         .momentum_buffer = momentum_buffer_.size() != 0 ? momentum_buffer_.data() + u.offset : nullptr,
         .gradient_scale = u.gradient_scale,
         .lr = u.learning_rate,
         .momentum = options_.momentum,
         .dampening = options_.dampening,
         .weight_decay = u.decay ? options_.weight_decay : 0,
         .nesterov = options_.nesterov,
         .step = u.step});
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
  void update(const Update& u) override {
    ops().adagrad_step({.size = static_cast<std::int64_t>(u.size),
                        .values = parameters_->values().data() + u.offset,
                        .gradients = u.gradients,
                        .sum = sum_.data() + u.offset,
                        .gradient_scale = u.gradient_scale,
                        .lr = u.learning_rate,
                        .lr_decay = options_.lr_decay,
                        .eps = options_.eps,
                        .weight_decay = u.decay ? options_.weight_decay : 0,
                        .step = u.step});
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
