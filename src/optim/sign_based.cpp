// Steps whose direction is a sign: Rprop (Riedmiller and Braun 1993) and Lion (Chen et al. 2023).
#include "bertune/error.h"
#include "kernels/ops.h"
#include "optim/algorithm.h"
#include "optim/stateful.h"

namespace bertune::optim {
namespace {

using kernels::ops;

class Rprop final : public StatefulOptimizer {
 public:
  Rprop(Parameters& parameters, const RpropOptions& o)
      : StatefulOptimizer(parameters, {.name = "rprop", .lr = o.lr, .maximize = o.maximize}), o_(o) {
    check(o);
  }
  static void check(const RpropOptions& o) {
    if (o.step_size_min > o.step_size_max)
      throw UsageError("optimizer rprop: step_size_min is above step_size_max");
  }

 private:
  // The learning rate of the first step is where step sizes begin; those of later steps mean nothing.
  double begin_step() override {
    if (steps_ != 1) return learning_rate_;
    for_each_state_range([&](const Parameter& parameter, std::size_t place, std::size_t size) {
      const kernels::Segment all{step_size_ + place, static_cast<std::int64_t>(size)};
      ops().fill({.segments = &all,
                  .count = 1,
                  .value = static_cast<float>(learning_rate_ * parameter.learning_rate_scale)});
    });
    return learning_rate_;
  }
  void update(const Updates& updates) override {
    run(ops().rprop_step, updates, [&](const Update& u) {
      return kernels::RpropStep{.size = u.count(),
                                .values = values(u),
                                .gradients = u.gradients,
                                .previous = part(previous_, u),
                                .step_size = part(step_size_, u),
                                .gradient_scale = u.gradient_scale,
                                .etaminus = o_.etaminus,
                                .etaplus = o_.etaplus,
                                .step_size_min = o_.step_size_min,
                                .step_size_max = o_.step_size_max};
    });
  }

  RpropOptions o_;
  float *previous_ = add_state("prev"), *step_size_ = add_state("step_size");
};

class Lion final : public StatefulOptimizer {
 public:
  Lion(Parameters& parameters, const LionOptions& o)
      : StatefulOptimizer(parameters, {.name = "lion", .lr = o.lr}), o_(o) {}

 private:
  void update(const Updates& updates) override {
    run(ops().lion_step, updates, [&](const Update& u) {
      return kernels::LionStep{.size = u.count(),
                               .values = values(u),
                               .gradients = u.gradients,
                               .exp_avg = part(exp_avg_, u),
                               .gradient_scale = u.gradient_scale,
                               .beta1 = o_.beta1,
                               .beta2 = o_.beta2,
                               .value_scale = 1 - u.learning_rate * u.weight_decay(o_.weight_decay),
                               .rate = u.learning_rate};
    });
  }

  LionOptions o_;
  float* exp_avg_ = add_state("exp_avg");
};

}  // namespace

Algorithm describe_rprop() {
  constexpr Range kBetween0And1{.min = 0, .max = 1, .includes_min = false, .includes_max = false};
  constexpr Range kAbove1{.min = 1, .includes_min = false};
  return describe<Rprop, RpropOptions>("rprop", {},
                                       {{"etaminus", &RpropOptions::etaminus, kBetween0And1},
                                        {"etaplus", &RpropOptions::etaplus, kAbove1},
                                        {"step_size_min", &RpropOptions::step_size_min, kAtLeast0},
                                        {"step_size_max", &RpropOptions::step_size_max, kAtLeast0},
                                        {"maximize", &RpropOptions::maximize}});
}
Algorithm describe_lion() {
  return describe<Lion, LionOptions>("lion", {"lion_32bit", "paged_lion_32bit"},
                                     {{"beta1", &LionOptions::beta1, kBelow1},
                                      {"beta2", &LionOptions::beta2, kBelow1},
                                      {"weight_decay", &LionOptions::weight_decay, kAtLeast0}});
}

std::unique_ptr<Optimizer> rprop(Parameters& parameters, const RpropOptions& options) {
  return std::make_unique<Rprop>(parameters, options);
}
std::unique_ptr<Optimizer> lion(Parameters& parameters, const LionOptions& options) {
  return std::make_unique<Lion>(parameters, options);
}

}  // namespace bertune::optim
