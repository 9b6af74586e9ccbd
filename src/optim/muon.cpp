// Muon (Jordan et al. 2024): momentum, orthogonalized, for the matrices of the hidden layers. Embeddings,
// heads, biases and LayerNorm are AdamW's, as the documentation of torch.optim.Muon demands.
#include <algorithm>
#include <cmath>

#include "kernels/buffer.h"
#include "optim/algorithm.h"
#include "optim/bias_correction.h"
#include "optim/stateful.h"

namespace bertune::optim {
namespace {

using kernels::ops;

bool is_hidden_matrix(const Parameter& parameter) {
  return parameter.shape.size() == 2 && parameter.depth > 0 && !parameter.head;
}

class Muon final : public StatefulOptimizer {
 public:
  Muon(Parameters& parameters, const MuonOptions& o)
      : StatefulOptimizer(parameters, {.name = "muon", .lr = o.lr, .whole_tensors = true}), o_(o) {
    std::size_t hidden = 0, others = 0, max_size = 0, max_square = 0;
    for (const Parameter& parameter : parameters.layout()) {
      std::size_t& total = is_hidden_matrix(parameter) ? hidden : others;
      places_.push_back(total);
      if (!parameter.trainable) continue;
      total += parameter.size;
      if (!is_hidden_matrix(parameter)) continue;
      const auto side = static_cast<std::size_t>(std::min(parameter.shape[0], parameter.shape[1]));
      max_size = std::max(max_size, parameter.size);
      max_square = std::max(max_square, side * side);
    }
    momentum_buffer_ = add_state("momentum_buffer", hidden);
    exp_avg_ = add_state("exp_avg", others, parameters.sparse_prefix());
    exp_avg_sq_ = add_state("exp_avg_sq", others, parameters.sparse_prefix());
    for (kernels::Buffer<float>& matrix : matrices_) matrix = kernels::Buffer<float>(max_size);
    for (kernels::Buffer<float>& square : squares_) square = kernels::Buffer<float>(max_square);
  }

 private:
  void update(const Updates& updates) override {
    Updates others = updates;
    std::erase_if(others.ranges, [](const Update& u) { return is_hidden_matrix(*u.parameter); });
    run(ops().adam_step, others, [&](const Update& u) { return step_of_other(u); });
    for (const Update& u : updates.ranges) {
      if (is_hidden_matrix(*u.parameter)) update_matrix(u, momentum_buffer_ + place_of(u));
    }
  }

  // Returns where an update begins in the states of its kind.
  std::size_t place_of(const Update& u) const {
    return places_[static_cast<std::size_t>(u.parameter - parameters_->layout().data())] +
           (u.offset - u.parameter->offset);
  }

  kernels::AdamStep step_of_other(const Update& u) const {
    const double lr = u.learning_rate * o_.adamw_lr_scale;
    kernels::AdamStep step = {.size = u.count(),
                              .values = values(u),
                              .gradients = u.gradients,
                              .exp_avg = exp_avg_ + place_of(u),
                              .exp_avg_sq = exp_avg_sq_ + place_of(u),
                              .gradient_scale = u.gradient_scale,
                              .beta1 = o_.beta1,
                              .beta2 = o_.beta2,
                              .eps = o_.adamw_eps,
                              .value_scale = 1 - lr * u.weight_decay(o_.weight_decay)};
    set_adam_rates(step, lr, u.step);
    return step;
  }

  void update_matrix(const Update& u, float* momentum_buffer) {
    float* direction = matrices_[0].data();
    // The direction is SGD's step from zero: the gradient's average, with Nesterov's look ahead.
    const kernels::SgdStep from_zero = {.size = u.count(),
                                        .values = direction,
                                        .gradients = u.gradients,
                                        .momentum_buffer = momentum_buffer,
                                        .gradient_scale = u.gradient_scale,
                                        .value_scale = 0,
                                        .rate = -1,
                                        .momentum = o_.momentum,
                                        .one_minus_dampening = 1 - o_.momentum,
                                        .gradient_weight = o_.nesterov ? 1 - o_.momentum : 0,
                                        .buffer_weight = o_.nesterov ? o_.momentum : 1};
    ops().sgd_step({.ranges = &from_zero, .range_count = 1});
    const auto rows = u.parameter->shape[0], columns = u.parameter->shape[1];
    orthogonalize(rows, columns);
    const double rate = u.learning_rate * rate_of(static_cast<double>(rows), static_cast<double>(columns));
    ops().axpby({.size = u.count(),
                 .a = -rate,
                 .x = matrices_[0].data(),
                 .b = 1 - u.learning_rate * u.weight_decay(o_.weight_decay),
                 .y = values(u)});
  }

  double rate_of(double rows, double columns) const {
    return o_.adjust_lr_fn == "match_rms_adamw" ? 0.2 * std::sqrt(std::max(rows, columns))
                                                : std::sqrt(std::max(1.0, rows / columns));
  }

  // matrices_[0] = X becomes about U V' of its singular value decomposition U S V', by the iteration of
  // Newton and Schulz: X <- (a I + b G + c G^2) X with G = X X', or the other way round where X is tall. In
  // f32, where PyTorch's is in bf16.
  void orthogonalize(std::int64_t rows, std::int64_t columns) {
    const std::int64_t side = std::min(rows, columns), size = rows * columns, square = side * side;
    const bool wide = rows <= columns;
    kernels::Buffer<float>&x = matrices_[0], &next = matrices_[1];
    float *gram = squares_[0].data(), *polynomial = squares_[1].data();
    const double norm = kernels::norm(x.data(), size);
    ops().scale({.size = size, .x = x.data(), .factor = static_cast<float>(1 / std::max(norm, o_.eps))});
    for (std::int64_t i = 0; i < o_.ns_steps; ++i) {
      multiply(!wide, wide, side, side, wide ? columns : rows, x.data(), columns, x.data(), columns, gram);
      multiply(false, false, side, side, side, gram, side, gram, side, polynomial);
      ops().axpby({.size = square, .a = o_.ns_b, .x = gram, .b = o_.ns_c, .y = polynomial});
      ops().add_to_diagonal({.n = side, .x = polynomial, .value = static_cast<float>(o_.ns_a)});
      if (wide) {
        multiply(false, false, rows, columns, side, polynomial, side, x.data(), columns, next.data());
      } else {
        multiply(false, false, rows, columns, side, x.data(), columns, polynomial, side, next.data());
      }
      std::swap(x, next);
    }
  }

  static void multiply(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                       const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float* c) {
    ops().matmul({.transpose_a = transpose_a,
                  .transpose_b = transpose_b,
                  .m = m,
                  .n = n,
                  .k = k,
                  .a = a,
                  .lda = lda,
                  .b = b,
                  .ldb = ldb,
                  .c = c,
                  .ldc = n});
  }

  MuonOptions o_;
  std::vector<std::size_t> places_;  // of each parameter in the states of its kind
  float *momentum_buffer_ = nullptr, *exp_avg_ = nullptr, *exp_avg_sq_ = nullptr;
  kernels::Buffer<float> matrices_[2], squares_[2];  // of the iteration
};

}  // namespace

Algorithm describe_muon() {
  return describe<Muon, MuonOptions>(
      "muon", {},
      {{"momentum", &MuonOptions::momentum, kShare},
       {"nesterov", &MuonOptions::nesterov},
       {"ns_a", &MuonOptions::ns_a},
       {"ns_b", &MuonOptions::ns_b},
       {"ns_c", &MuonOptions::ns_c},
       {"ns_steps", &MuonOptions::ns_steps, {.min = 1, .max = 99}},
       {"eps", &MuonOptions::eps, kAbove0},
       {"adjust_lr_fn", &MuonOptions::adjust_lr_fn, kAny, {"original", "match_rms_adamw"}},
       {"beta1", &MuonOptions::beta1, kBelow1},
       {"beta2", &MuonOptions::beta2, kBelow1},
       {"adamw_eps", &MuonOptions::adamw_eps, kAtLeast0},
       {"adamw_lr_scale", &MuonOptions::adamw_lr_scale, kAtLeast0},
       {"weight_decay", &MuonOptions::weight_decay, kAtLeast0}},
      true);
}

std::unique_ptr<Optimizer> muon(Parameters& parameters, const MuonOptions& options) {
  return std::make_unique<Muon>(parameters, options);
}

}  // namespace bertune::optim
