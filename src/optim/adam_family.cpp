// The Adam family: two moments of the gradient, and a rule of what to make of them.
#include <cmath>

#include "bertune/error.h"
#include "kernels/ops.h"
#include "optim/algorithm.h"
#include "optim/bias_correction.h"
#include "optim/stateful.h"

namespace bertune::optim {
namespace {

using kernels::AdamStep;
using kernels::ops;

constexpr auto kDecoupled = true, kCoupled = false;

// The common parts of the family: the moments, and weight decay of either kind.
class AdamLike : public StatefulOptimizer {
 protected:
  template <typename Options>
  AdamLike(Parameters& parameters, std::string_view name, const Options& o,
           UnusedRows unused = UnusedRows::can_wait)
      : StatefulOptimizer(parameters,
                          {.name = name, .lr = o.lr, .maximize = o.maximize, .unused_rows = unused}),
        beta1_(o.beta1),
        beta2_(o.beta2),
        eps_(o.eps),
        exp_avg_(add_state("exp_avg")),
        exp_avg_sq_(add_state("exp_avg_sq")) {}

  AdamStep begin(const Update& u, double weight_decay, bool decoupled) const {
    const double decay = u.weight_decay(weight_decay);
    return {.size = u.count(),
            .values = values(u),
            .gradients = u.gradients,
            .exp_avg = part(exp_avg_, u),
            .exp_avg_sq = part(exp_avg_sq_, u),
            .gradient_scale = u.gradient_scale,
            .beta1 = beta1_,
            .beta2 = beta2_,
            .eps = eps_,
            .l2 = decoupled ? 0 : decay,
            .value_scale = decoupled ? 1 - u.learning_rate * decay : 1};
  }

  double beta1_, beta2_, eps_;

 private:
  float *exp_avg_, *exp_avg_sq_;
};

class Adam final : public AdamLike {
 public:
  Adam(Parameters& parameters, const AdamOptions& o)
      : Adam(parameters, "adam", o, o.weight_decay, o.decoupled_weight_decay) {}
  Adam(Parameters& parameters, const AdamWOptions& o)
      : Adam(parameters, "adamw", o, o.weight_decay, kDecoupled) {}

 private:
  template <typename Options>
  Adam(Parameters& parameters, std::string_view name, const Options& o, double weight_decay, bool decoupled)
      : AdamLike(parameters, name, o),
        weight_decay_(weight_decay),
        decoupled_(decoupled),
        max_exp_avg_sq_(o.amsgrad ? add_state("max_exp_avg_sq") : nullptr) {}

  void update(const Updates& updates) override {
    run(ops().adam_step, updates, [&](const Update& u) {
      AdamStep step = begin(u, weight_decay_, decoupled_);
      step.max_exp_avg_sq = part(max_exp_avg_sq_, u);
      set_adam_rates(step, u.learning_rate, u.step);
      return step;
    });
  }

  double weight_decay_;
  bool decoupled_;
  float* max_exp_avg_sq_;
};

// Dozat 2016: Nesterov's momentum in Adam.
class NAdam final : public AdamLike {
 public:
  NAdam(Parameters& parameters, const NAdamOptions& o) : AdamLike(parameters, "nadam", o), o_(o) {}

 private:
  double mu(std::int64_t step) const {
    return o_.beta1 * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(step) * o_.momentum_decay));
  }
  double begin_step() override {
    while (static_cast<std::int64_t>(mu_products_.size()) <= steps_)
      mu_products_.push_back(mu_products_.back() * mu(static_cast<std::int64_t>(mu_products_.size())));
    return learning_rate_;
  }
  void update(const Updates& updates) override {
    run(ops().adam_step, updates, [&](const Update& u) {
      AdamStep step = begin(u, o_.weight_decay, o_.decoupled_weight_decay);
      const double product = mu_products_[static_cast<std::size_t>(u.step)], next = mu(u.step + 1);
      step.gradient_rate = u.learning_rate * (1 - mu(u.step)) / (1 - product);
      step.rate = u.learning_rate * next / (1 - product * next);
      step.sqrt_scale = 1 / std::sqrt(bias_correction(beta2_, u.step));
      return step;
    });
  }

  NAdamOptions o_;
  std::vector<double> mu_products_ = {1.0};  // by step
};

// Liu et al. 2020: Adam without the division until the second moment has seen enough to be trusted.
class RAdam final : public AdamLike {
 public:
  RAdam(Parameters& parameters, const RAdamOptions& o) : AdamLike(parameters, "radam", o), o_(o) {}

 private:
  void update(const Updates& updates) override {
    run(ops().adam_step, updates, [&](const Update& u) {
      AdamStep step = begin(u, o_.weight_decay, o_.decoupled_weight_decay);
      const double correction1 = bias_correction(beta1_, u.step),
                   correction2 = bias_correction(beta2_, u.step);
      const double longest = 2 / (1 - beta2_) - 1;
      const double length = longest - 2 * static_cast<double>(u.step) * (1 - correction2) / correction2;
      step.rate = u.learning_rate / correction1;
      step.adaptive = length > 5;
      if (step.adaptive) {
        step.rate *=
            std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)) *
            std::sqrt(correction2);
      }
      return step;
    });
  }

  RAdamOptions o_;
};

class SparseAdam final : public AdamLike {
 public:
  SparseAdam(Parameters& parameters, const SparseAdamOptions& o)
      : AdamLike(parameters, "sparse_adam", o, UnusedRows::rest) {
    if (parameters.few_rows() == nullptr) {
      throw UsageError(
          "optimizer sparse_adam: the word embeddings are frozen, or every row has a gradient in every step, "
          "for they predict words as well; take adam");
    }
    parameters.track_rows();
  }

 private:
  void update(const Updates& updates) override {
    run(ops().adam_step, updates, [&](const Update& u) {
      AdamStep step = begin(u, 0, kCoupled);
      set_adam_rates(step, u.learning_rate, u.step);
      if (u.parameter != nullptr) {  // rows; PyTorch adds eps to their square root before its correction
        step.rate /= step.sqrt_scale;
        step.sqrt_scale = 1;
      }
      return step;
    });
  }
};

// Adam with the largest gradient so far in place of the second moment.
class Adamax final : public StatefulOptimizer {
 public:
  Adamax(Parameters& parameters, const AdamaxOptions& o)
      : StatefulOptimizer(parameters, {.name = "adamax", .lr = o.lr, .maximize = o.maximize}), o_(o) {}

 private:
  void update(const Updates& updates) override {
    run(ops().adamax_step, updates, [&](const Update& u) {
      return kernels::AdamaxStep{.size = u.count(),
                                 .values = values(u),
                                 .gradients = u.gradients,
                                 .exp_avg = part(exp_avg_, u),
                                 .exp_inf = part(exp_inf_, u),
                                 .gradient_scale = u.gradient_scale,
                                 .beta1 = o_.beta1,
                                 .beta2 = o_.beta2,
                                 .eps = o_.eps,
                                 .l2 = u.weight_decay(o_.weight_decay),
                                 .rate = u.learning_rate / bias_correction(o_.beta1, u.step)};
    });
  }

  AdamaxOptions o_;
  float *exp_avg_ = add_state("exp_avg"), *exp_inf_ = add_state("exp_inf");
};

template <typename Options>
std::vector<Field<Options>> fields(std::vector<Field<Options>> more = {}) {
  std::vector<Field<Options>> all = {{"beta1", &Options::beta1, kBelow1},
                                     {"beta2", &Options::beta2, kBelow1},
                                     {"eps", &Options::eps, kAtLeast0},
                                     {"maximize", &Options::maximize}};
  if constexpr (requires(Options o) { o.weight_decay; })
    all.push_back({"weight_decay", &Options::weight_decay, kAtLeast0});
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

Algorithm describe_adam() {
  return describe<Adam>(
      "adam", {"adam_torch"},
      fields<AdamOptions>({{"amsgrad", &AdamOptions::amsgrad},
                           {"decoupled_weight_decay", &AdamOptions::decoupled_weight_decay}}));
}
Algorithm describe_adamw() {
  return describe<Adam>("adamw",
                        {"adamw_torch", "adamw_torch_fused", "adamw_torch_xla", "adamw_torch_npu_fused",
                         "adamw_hf", "adamw_apex_fused", "adamw_anyprecision", "paged_adamw_32bit"},
                        fields<AdamWOptions>({{"amsgrad", &AdamWOptions::amsgrad}}));
}
Algorithm describe_nadam() {
  return describe<NAdam>(
      "nadam", {},
      fields<NAdamOptions>({{"momentum_decay", &NAdamOptions::momentum_decay, kAtLeast0},
                            {"decoupled_weight_decay", &NAdamOptions::decoupled_weight_decay}}));
}
Algorithm describe_radam() {
  return describe<RAdam>(
      "radam", {}, fields<RAdamOptions>({{"decoupled_weight_decay", &RAdamOptions::decoupled_weight_decay}}));
}
Algorithm describe_adamax() { return describe<Adamax>("adamax", {}, fields<AdamaxOptions>()); }
Algorithm describe_sparse_adam() {
  return describe<SparseAdam>("sparse_adam", {"sparseadam"}, fields<SparseAdamOptions>());
}

std::unique_ptr<Optimizer> adamw(Parameters& parameters, const AdamWOptions& options) {
  return std::make_unique<Adam>(parameters, options);
}
std::unique_ptr<Optimizer> adam(Parameters& parameters, const AdamOptions& options) {
  return std::make_unique<Adam>(parameters, options);
}
std::unique_ptr<Optimizer> nadam(Parameters& parameters, const NAdamOptions& options) {
  return std::make_unique<NAdam>(parameters, options);
}
std::unique_ptr<Optimizer> radam(Parameters& parameters, const RAdamOptions& options) {
  return std::make_unique<RAdam>(parameters, options);
}
std::unique_ptr<Optimizer> adamax(Parameters& parameters, const AdamaxOptions& options) {
  return std::make_unique<Adamax>(parameters, options);
}
std::unique_ptr<Optimizer> sparse_adam(Parameters& parameters, const SparseAdamOptions& options) {
  return std::make_unique<SparseAdam>(parameters, options);
}

}  // namespace bertune::optim
