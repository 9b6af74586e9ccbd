// The optimizers of torch.optim, with LAMB and Lion, equal to PyTorch's step for step, over a model's flat
// parameters. docs/optimizers.md says when to choose which.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/export.h"
#include "bertune/optimizer.h"
#include "bertune/options.h"
#include "bertune/parameters.h"
#include "bertune/schedule.h"

namespace bertune::optim {

// The options have PyTorch's names and defaults; a tuple's parts have names of their own (beta1, beta2).
// Weight decay applies to the parameters whose `weight_decay` is set (all but biases and LayerNorm), as in
// the Trainer.

struct AdadeltaOptions {
  double lr = 1.0, rho = 0.9, eps = 1e-6, weight_decay = 0;
  bool maximize = false;
};
struct AdafactorOptions {  // eps1 none: the machine epsilon of f32
  double lr = 1e-2, beta2_decay = -0.8;
  std::optional<double> eps1 = std::nullopt;
  double eps2 = 1e-3, d = 1, weight_decay = 0;
  bool maximize = false;
};
struct AdagradOptions {
  double lr = 1e-2, lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10;
  bool maximize = false;
};
struct AdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;  // added to the gradient (L2)
  bool amsgrad = false, maximize = false, decoupled_weight_decay = false;
};
struct AdamWOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 1e-2;
  bool amsgrad = false, maximize = false;
};
struct AdamaxOptions {
  double lr = 2e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool maximize = false;
};
struct ASGDOptions {
  double lr = 1e-2, lambd = 1e-4, alpha = 0.75, t0 = 1e6, weight_decay = 0;
  bool maximize = false;
};
struct LambOptions {  // You et al. 2020, algorithm 2
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-6, weight_decay = 0;
};
struct LBFGSOptions {  // max_eval none: max_iter * 5 / 4; line_search_fn: "strong_wolfe" or "none"
  double lr = 1;
  std::int64_t max_iter = 20;
  std::optional<std::int64_t> max_eval = std::nullopt;
  double tolerance_grad = 1e-7, tolerance_change = 1e-9;
  std::int64_t history_size = 100;
  std::string line_search_fn = "none";
};
struct LionOptions {  // Chen et al. 2023, algorithm 2
  double lr = 1e-4, beta1 = 0.9, beta2 = 0.99, weight_decay = 0;
};
// Muon updates the matrices of the encoder's layers, and AdamW all other parameters (as torch.optim.Muon's
// documentation demands), at the learning rate times adamw_lr_scale.
struct MuonOptions {
  double lr = 1e-3, weight_decay = 0.1, momentum = 0.95;
  bool nesterov = true;
  double ns_a = 3.4445, ns_b = -4.7750, ns_c = 2.0315, eps = 1e-7;
  std::int64_t ns_steps = 5;
  std::string adjust_lr_fn = "original";  // or "match_rms_adamw"
  double beta1 = 0.9, beta2 = 0.999, adamw_eps = 1e-8, adamw_lr_scale = 1;
};
struct NAdamOptions {
  double lr = 2e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0, momentum_decay = 4e-3;
  bool decoupled_weight_decay = false, maximize = false;
};
struct RAdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled_weight_decay = false, maximize = false;
};
struct RMSpropOptions {
  double lr = 1e-2, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
  bool centered = false, maximize = false;
};
struct RpropOptions {
  double lr = 1e-2, etaminus = 0.5, etaplus = 1.2, step_size_min = 1e-6, step_size_max = 50;
  bool maximize = false;
};
struct SGDOptions {
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false, maximize = false;
};
// SparseAdam updates the rows of the word embeddings that a batch uses, and Adam all other parameters. Throws
// UsageError for a model without Parameter::few_rows.
struct SparseAdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  bool maximize = false;
};

BERTUNE_EXPORT std::unique_ptr<Optimizer> adadelta(Parameters& parameters,
                                                   const AdadeltaOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> adafactor(Parameters& parameters,
                                                    const AdafactorOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> adagrad(Parameters& parameters, const AdagradOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> adam(Parameters& parameters, const AdamOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> adamw(Parameters& parameters, const AdamWOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> adamax(Parameters& parameters, const AdamaxOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> asgd(Parameters& parameters, const ASGDOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> lamb(Parameters& parameters, const LambOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> lbfgs(Parameters& parameters, const LBFGSOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> lion(Parameters& parameters, const LionOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> muon(Parameters& parameters, const MuonOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> nadam(Parameters& parameters, const NAdamOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> radam(Parameters& parameters, const RAdamOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> rmsprop(Parameters& parameters, const RMSpropOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> rprop(Parameters& parameters, const RpropOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> sgd(Parameters& parameters, const SGDOptions& options = {});
BERTUNE_EXPORT std::unique_ptr<Optimizer> sparse_adam(Parameters& parameters,
                                                      const SparseAdamOptions& options = {});

// An optimizer by name: the command line, checkpoints and tests use these.
struct Algorithm {
  std::string name;                  // "adamw"
  std::vector<std::string> aliases;  // the Trainer's spellings: "adamw_torch"
  double default_learning_rate = 0;  // PyTorch's
  bool needs_closure = false;        // as Optimizer::needs_closure()
  bool whole_tensors = false;        // a step needs whole tensors, which `shard_optimizer` would divide
  std::vector<OptionInfo> options;   // all others
  // Returns all options, with defaults for those not given. Throws UsageError for an unknown name, with the
  // closest match and the list, and for an invalid value.
  std::function<OptionValues(const OptionValues&)> resolve;
  std::function<std::unique_ptr<Optimizer>(Parameters&, double lr, const OptionValues&)> make;
};
BERTUNE_EXPORT std::span<const Algorithm> algorithms();  // by name
// Returns the algorithm of this name or alias. Throws UsageError for an unknown name, with the closest match
// and the list.
BERTUNE_EXPORT const Algorithm& algorithm_from_string(std::string_view name);

// Returns the 2-norm of the gradients of all trainable parameters, summed in a fixed order.
BERTUNE_EXPORT double gradient_norm(const Parameters& parameters);
// Returns the factor for gradients that makes their norm at most max_norm (torch.nn.utils.clip_grad_norm_).
BERTUNE_EXPORT float clip_scale(double norm, double max_norm);

}  // namespace bertune::optim
