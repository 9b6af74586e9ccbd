// The gradient over the root of its past squares: of all of them (Adagrad), of the recent ones (RMSprop), and
// of those relative to past steps (Adadelta).
#include "kernels/ops.h"
#include "optim/algorithm.h"
#include "optim/stateful.h"

namespace bertune::optim {
namespace {

using kernels::ops;

class Adagrad final : public StatefulOptimizer {
 public:
  Adagrad(Parameters& parameters, const AdagradOptions& o)
      : StatefulOptimizer(parameters, {.name = "adagrad", .lr = o.lr, .maximize = o.maximize}), o_(o) {
    if (o.initial_accumulator_value != 0) {
      const kernels::Segment all{sum_, static_cast<std::int64_t>(state_size())};
      ops().fill({.segments = &all, .count = 1, .value = static_cast<float>(o.initial_accumulator_value)});
    }
  }

 private:
  void update(const Updates& updates) override {
    run(ops().adagrad_step, updates, [&](const Update& u) {
      return kernels::AdagradStep{
          .size = u.count(),
          .values = values(u),
          .gradients = u.gradients,
          .sum = part(sum_, u),
          .gradient_scale = u.gradient_scale,
          .eps = o_.eps,
          .l2 = u.weight_decay(o_.weight_decay),
          .rate = u.learning_rate / (1 + static_cast<double>(u.step - 1) * o_.lr_decay)};
    });
  }

  AdagradOptions o_;
  float* sum_ = add_state("sum");
};

class Rmsprop final : public StatefulOptimizer {
 public:
  Rmsprop(Parameters& parameters, const RMSpropOptions& o)
      : StatefulOptimizer(parameters, {.name = "rmsprop", .lr = o.lr, .maximize = o.maximize}),
        o_(o),
        grad_avg_(o.centered ? add_state("grad_avg") : nullptr),
        momentum_buffer_(o.momentum > 0 ? add_state("momentum_buffer") : nullptr) {}

 private:
  void update(const Updates& updates) override {
    run(ops().rmsprop_step, updates, [&](const Update& u) {
      return kernels::RmspropStep{.size = u.count(),
                                  .values = values(u),
                                  .gradients = u.gradients,
                                  .square_avg = part(square_avg_, u),
                                  .grad_avg = part(grad_avg_, u),
                                  .momentum_buffer = part(momentum_buffer_, u),
                                  .gradient_scale = u.gradient_scale,
                                  .alpha = o_.alpha,
                                  .eps = o_.eps,
                                  .l2 = u.weight_decay(o_.weight_decay),
                                  .momentum = o_.momentum,
                                  .rate = u.learning_rate};
    });
  }

  RMSpropOptions o_;
  float *square_avg_ = add_state("square_avg"), *grad_avg_, *momentum_buffer_;
};

class Adadelta final : public StatefulOptimizer {
 public:
  Adadelta(Parameters& parameters, const AdadeltaOptions& o)
      : StatefulOptimizer(parameters, {.name = "adadelta", .lr = o.lr, .maximize = o.maximize}), o_(o) {}

 private:
  void update(const Updates& updates) override {
    run(ops().adadelta_step, updates, [&](const Update& u) {
      return kernels::AdadeltaStep{.size = u.count(),
                                   .values = values(u),
                                   .gradients = u.gradients,
                                   .square_avg = part(square_avg_, u),
                                   .acc_delta = part(acc_delta_, u),
                                   .gradient_scale = u.gradient_scale,
                                   .rho = o_.rho,
                                   .eps = o_.eps,
                                   .l2 = u.weight_decay(o_.weight_decay),
                                   .rate = u.learning_rate};
    });
  }

  AdadeltaOptions o_;
  float *square_avg_ = add_state("square_avg"), *acc_delta_ = add_state("acc_delta");
};

}  // namespace

Algorithm describe_adagrad() {
  return describe<Adagrad, AdagradOptions>(
      "adagrad", {},
      {{"lr_decay", &AdagradOptions::lr_decay, kAtLeast0},
       {"initial_accumulator_value", &AdagradOptions::initial_accumulator_value, kAtLeast0},
       {"eps", &AdagradOptions::eps, kAtLeast0},
       {"maximize", &AdagradOptions::maximize},
       {"weight_decay", &AdagradOptions::weight_decay, kAtLeast0}});
}
Algorithm describe_rmsprop() {
  return describe<Rmsprop, RMSpropOptions>("rmsprop", {"rmsprop_bnb", "rmsprop_bnb_32bit"},
                                           {{"alpha", &RMSpropOptions::alpha, kShare},
                                            {"eps", &RMSpropOptions::eps, kAtLeast0},
                                            {"momentum", &RMSpropOptions::momentum, kAtLeast0},
                                            {"centered", &RMSpropOptions::centered},
                                            {"maximize", &RMSpropOptions::maximize},
                                            {"weight_decay", &RMSpropOptions::weight_decay, kAtLeast0}});
}
Algorithm describe_adadelta() {
  return describe<Adadelta, AdadeltaOptions>("adadelta", {},
                                             {{"rho", &AdadeltaOptions::rho, kShare},
                                              {"eps", &AdadeltaOptions::eps, kAtLeast0},
                                              {"maximize", &AdadeltaOptions::maximize},
                                              {"weight_decay", &AdadeltaOptions::weight_decay, kAtLeast0}});
}

std::unique_ptr<Optimizer> adagrad(Parameters& parameters, const AdagradOptions& options) {
  return std::make_unique<Adagrad>(parameters, options);
}
std::unique_ptr<Optimizer> rmsprop(Parameters& parameters, const RMSpropOptions& options) {
  return std::make_unique<Rmsprop>(parameters, options);
}
std::unique_ptr<Optimizer> adadelta(Parameters& parameters, const AdadeltaOptions& options) {
  return std::make_unique<Adadelta>(parameters, options);
}

}  // namespace bertune::optim
