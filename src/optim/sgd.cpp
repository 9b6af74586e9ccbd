// Steps along the gradient: SGD with momentum, and with averaging (Polyak and Juditsky 1992).
#include <algorithm>
#include <cmath>

#include "bertune/error.h"
#include "kernels/ops.h"
#include "optim/algorithm.h"
#include "optim/stateful.h"

namespace bertune::optim {
namespace {

using kernels::ops;

class Sgd final : public StatefulOptimizer {
 public:
  Sgd(Parameters& parameters, const SGDOptions& o)
      : StatefulOptimizer(parameters, {.name = "sgd", .lr = o.lr, .maximize = o.maximize}),
        o_(o),
        momentum_buffer_(o.momentum != 0 ? add_state("momentum_buffer") : nullptr) {
    check(o);
  }
  static void check(const SGDOptions& o) {
    if (o.nesterov && (o.momentum <= 0 || o.dampening != 0))
      throw UsageError("optimizer sgd: nesterov needs momentum above 0, and no dampening");
  }

 private:
  void update(const Updates& updates) override {
    run(ops().sgd_step, updates, [&](const Update& u) {
      const bool first = u.step == 1;  // the buffer begins as the gradient, undampened
      return kernels::SgdStep{.size = u.count(),
                              .values = values(u),
                              .gradients = u.gradients,
                              .momentum_buffer = part(momentum_buffer_, u),
                              .gradient_scale = u.gradient_scale,
                              .l2 = u.weight_decay(o_.weight_decay),
                              .rate = u.learning_rate,
                              .momentum = first ? 0 : o_.momentum,
                              .one_minus_dampening = first ? 1 : 1 - o_.dampening,
                              .gradient_weight = o_.nesterov ? 1.0 : 0.0,
                              .buffer_weight = o_.nesterov ? o_.momentum : 1};
    });
  }

  SGDOptions o_;
  float* momentum_buffer_;
};

// The averages are in the state "ax"; the parameters themselves are not averaged.
class Asgd final : public StatefulOptimizer {
 public:
  Asgd(Parameters& parameters, const ASGDOptions& o)
      : StatefulOptimizer(
            parameters,
            {.name = "asgd", .lr = o.lr, .maximize = o.maximize, .unused_rows = unused_rows_of(parameters)}),
        o_(o),
        scales_(scales_of(parameters)),
        next_eta_(add_host_state("eta", scales_.size())) {}

 private:
  // The updates that rows missed are recorded for a scale of 1.
  static UnusedRows unused_rows_of(const Parameters& parameters) {
    const Parameter* few = parameters.few_rows();
    return few != nullptr && few->learning_rate_scale != 1 ? UnusedRows::must_step : UnusedRows::can_wait;
  }
  static std::vector<double> scales_of(const Parameters& parameters) {
    std::vector<double> scales = {1.0};
    for (const Parameter& parameter : parameters.layout()) {
      if (parameter.trainable && std::ranges::find(scales, parameter.learning_rate_scale) == scales.end())
        scales.push_back(parameter.learning_rate_scale);
    }
    return scales;
  }
  // A step moves by the rate that the step before it decayed; which is not proportional to the rate.
  double begin_step() override {
    eta_.resize(scales_.size());
    for (std::size_t i = 0; i < scales_.size(); ++i) {
      const double lr = learning_rate_ * scales_[i];
      eta_[i] = static_cast<float>(steps_ == 1 ? lr : next_eta_[i]);
      next_eta_[i] =
          static_cast<float>(lr / std::pow(1 + o_.lambd * lr * static_cast<double>(steps_), o_.alpha));
    }
    return eta_.front();
  }
  double scaled_rate(double rate, double scale) const override {
    if (scale == 1) return rate;
    return eta_[static_cast<std::size_t>(std::ranges::find(scales_, scale) - scales_.begin())];
  }
  void update(const Updates& updates) override {
    run(ops().asgd_step, updates, [&](const Update& u) {
      const double averaged = std::max(1.0, static_cast<double>(u.step - 1) - o_.t0);
      return kernels::AsgdStep{.size = u.count(),
                               .values = values(u),
                               .gradients = u.gradients,
                               .average = part(ax_, u),
                               .gradient_scale = u.gradient_scale,
                               .l2 = u.weight_decay(o_.weight_decay),
                               .value_scale = 1 - o_.lambd * u.learning_rate,
                               .rate = u.learning_rate,
                               .mu = 1 / averaged};
    });
  }

  ASGDOptions o_;
  float* ax_ = add_state("ax");
  std::vector<double> scales_;  // the different ones of the parameters, 1 first
  std::span<float> next_eta_;   // a scale each, as eta_
  std::vector<float> eta_;
};

}  // namespace

Algorithm describe_sgd() {
  return describe<Sgd, SGDOptions>("sgd", {},
                                   {{"momentum", &SGDOptions::momentum, kAtLeast0},
                                    {"dampening", &SGDOptions::dampening},
                                    {"nesterov", &SGDOptions::nesterov},
                                    {"maximize", &SGDOptions::maximize},
                                    {"weight_decay", &SGDOptions::weight_decay, kAtLeast0}});
}
Algorithm describe_asgd() {
  return describe<Asgd, ASGDOptions>("asgd", {},
                                     {{"lambd", &ASGDOptions::lambd},
                                      {"alpha", &ASGDOptions::alpha},
                                      {"t0", &ASGDOptions::t0, kAtLeast0},
                                      {"maximize", &ASGDOptions::maximize},
                                      {"weight_decay", &ASGDOptions::weight_decay, kAtLeast0}});
}

std::unique_ptr<Optimizer> sgd(Parameters& parameters, const SGDOptions& options) {
  return std::make_unique<Sgd>(parameters, options);
}
std::unique_ptr<Optimizer> asgd(Parameters& parameters, const ASGDOptions& options) {
  return std::make_unique<Asgd>(parameters, options);
}

}  // namespace bertune::optim
