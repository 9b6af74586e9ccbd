// Steps as long as the tensor that they change is large: LAMB (You et al. 2020) and Adafactor (Shazeer and
// Stern 2018). Both need a norm of the whole tensor before its first number can move.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/buffer.h"
#include "optim/algorithm.h"
#include "optim/bias_correction.h"
#include "optim/stateful.h"

namespace bertune::optim {
namespace {

using kernels::ops;

class LayerWise : public StatefulOptimizer {
 protected:
  LayerWise(Parameters& parameters, Traits traits) : StatefulOptimizer(parameters, with_whole(traits)) {
    std::size_t max_size = 0;
    for (const Parameter& parameter : parameters.layout())
      max_size = std::max(max_size, parameter.trainable ? parameter.size : 0);
    direction_ = kernels::Buffer<float>(max_size);
  }

  static double norm(const float* x, const Update& u) { return kernels::norm(x, u.count()); }

  // value = value * value_scale - rate * direction
  void apply(const Update& u, double value_scale, double rate) {
    ops().axpby({.size = u.count(), .a = -rate, .x = direction_.data(), .b = value_scale, .y = values(u)});
  }

  virtual void update_tensor(const Update& u) = 0;

  kernels::Buffer<float> direction_;  // of the tensor at hand

 private:
  void update(const Updates& updates) override {
    for (const Update& u : updates.ranges) update_tensor(u);
  }
  static Traits with_whole(Traits traits) {
    traits.unused_rows = UnusedRows::must_step;
    traits.whole_tensors = true;
    return traits;
  }
};

class Lamb final : public LayerWise {
 public:
  Lamb(Parameters& parameters, const LambOptions& o)
      : LayerWise(parameters, {.name = "lamb", .lr = o.lr}), o_(o) {}

 private:
  // Adam's direction, and decayed weights, scaled to the norm of the weights.
  void update_tensor(const Update& u) override {
    ops().copy({.size = u.count(), .to = direction_.data(), .from = values(u)});
    kernels::AdamStep step = {.size = u.count(),
                              .values = direction_.data(),
                              .gradients = u.gradients,
                              .exp_avg = part(exp_avg_, u),
                              .exp_avg_sq = part(exp_avg_sq_, u),
                              .gradient_scale = u.gradient_scale,
                              .beta1 = o_.beta1,
                              .beta2 = o_.beta2,
                              .eps = o_.eps,
                              .value_scale = u.weight_decay(o_.weight_decay)};
    set_adam_rates(step, -1, u.step);
    ops().adam_step({.ranges = &step, .range_count = 1});
    const double weights = norm(values(u), u), directions = norm(direction_.data(), u);
    const double trust = weights > 0 && directions > 0 ? weights / directions : 1;
    apply(u, 1, u.learning_rate * trust);
  }

  LambOptions o_;
  float *exp_avg_ = add_state("exp_avg"), *exp_avg_sq_ = add_state("exp_avg_sq");
};

// torch.optim.Adafactor, which differs from the one of Transformers. The second moment of a matrix is the
// product of a row and a column; those of all matrices follow one another in the state, as do those of
// vectors.
class Adafactor final : public LayerWise {
 public:
  Adafactor(Parameters& parameters, const AdafactorOptions& o)
      : LayerWise(parameters, {.name = "adafactor", .lr = o.lr, .maximize = o.maximize}),
        o_(o),
        eps1_(o.eps1.value_or(std::numeric_limits<float>::epsilon())) {
    std::size_t rows = 0, columns = 0, vectors = 0, max_rows = 1, max_columns = 1;
    for (const Parameter& parameter : parameters.layout()) {
      const auto [height, width] = extents(parameter);
      const bool matrix = is_matrix(parameter);
      places_.push_back({rows, matrix ? columns : vectors});
      if (!parameter.trainable) continue;
      if (matrix) rows += height;
      (matrix ? columns : vectors) += width;
      max_rows = std::max(max_rows, height);
      max_columns = std::max(max_columns, width);
    }
    row_var_ = add_state("row_var", rows);
    col_var_ = add_state("col_var", columns);
    variance_ = add_state("variance", vectors);
    row_sums_ = kernels::Buffer<float>(max_rows);
    column_sums_ = kernels::Buffer<float>(max_columns);
  }

 private:
  static bool is_matrix(const Parameter& parameter) { return parameter.shape.size() > 1; }
  static std::pair<std::size_t, std::size_t> extents(const Parameter& parameter) {
    const std::size_t width =
        is_matrix(parameter) ? static_cast<std::size_t>(parameter.shape.back()) : parameter.size;
    return {width > 0 ? parameter.size / width : 0, width};
  }

  // Moves the average towards the sums, and returns the sum of the averages.
  static double decay(float* average, const kernels::Buffer<float>& sums, std::size_t count, double scale,
                      double weight) {
    return kernels::result_of(ops().decay_average,
                              kernels::DecayAverage{.size = static_cast<std::int64_t>(count),
                                                    .average = average,
                                                    .target = sums.data(),
                                                    .scale = scale,
                                                    .weight = weight});
  }

  void update_tensor(const Update& u) override {
    if (u.size == 0) return;
    const auto [rows, columns] = extents(*u.parameter);
    const auto place = places_[static_cast<std::size_t>(u.parameter - parameters_->layout().data())];
    const auto step = static_cast<double>(u.step);
    const double weight = std::pow(step, o_.beta2_decay);
    const double squared = static_cast<double>(u.gradient_scale) * u.gradient_scale;
    kernels::FactoredUpdate op = {.rows = static_cast<std::int64_t>(rows),
                                  .columns = static_cast<std::int64_t>(columns),
                                  .gradients = u.gradients,
                                  .gradient_scale = u.gradient_scale,
                                  .floor = eps1_ * eps1_,
                                  .update = direction_.data()};
    ops().square_sums({op.rows, op.columns, u.gradients, row_sums_.data(), column_sums_.data()});
    if (is_matrix(*u.parameter)) {
      float *row = row_var_ + place.row, *column = col_var_ + place.column;
      const double total = decay(row, row_sums_, rows, squared / static_cast<double>(columns), weight);
      decay(column, column_sums_, columns, squared / static_cast<double>(rows), weight);
      op.row = row;
      op.column = column;
      op.row_scale = 1 / std::max(total / static_cast<double>(rows), eps1_);
    } else {
      decay(variance_ + place.column, column_sums_, columns, squared, weight);
      op.column = variance_ + place.column;
    }
    ops().factored_update(op);
    const double root_size = std::sqrt(static_cast<double>(u.size));
    const double rate =
        std::min(u.learning_rate, 1 / std::sqrt(step)) * std::max(o_.eps2, norm(values(u), u) / root_size);
    const double excess = std::max(1.0, norm(direction_.data(), u) / (root_size * o_.d));
    apply(u, 1 - u.learning_rate * u.weight_decay(o_.weight_decay), rate / excess);
  }

  struct Place {
    std::size_t row, column;
  };
  AdafactorOptions o_;
  double eps1_;
  std::vector<Place> places_;  // of each parameter in the states
  float *row_var_, *col_var_, *variance_;
  kernels::Buffer<float> row_sums_, column_sums_;
};

}  // namespace

Algorithm describe_lamb() {
  return describe<Lamb, LambOptions>("lamb", {},
                                     {{"beta1", &LambOptions::beta1, kBelow1},
                                      {"beta2", &LambOptions::beta2, kBelow1},
                                      {"eps", &LambOptions::eps, kAtLeast0},
                                      {"weight_decay", &LambOptions::weight_decay, kAtLeast0}},
                                     true);
}
Algorithm describe_adafactor() {
  return describe<Adafactor, AdafactorOptions>("adafactor", {},
                                               {{"beta2_decay", &AdafactorOptions::beta2_decay, {.max = 0}},
                                                {"eps1", &AdafactorOptions::eps1, kAtLeast0},
                                                {"eps2", &AdafactorOptions::eps2, kAtLeast0},
                                                {"d", &AdafactorOptions::d, {.min = 1}},
                                                {"maximize", &AdafactorOptions::maximize},
                                                {"weight_decay", &AdafactorOptions::weight_decay, kAtLeast0}},
                                               true);
}

std::unique_ptr<Optimizer> lamb(Parameters& parameters, const LambOptions& options) {
  return std::make_unique<Lamb>(parameters, options);
}
std::unique_ptr<Optimizer> adafactor(Parameters& parameters, const AdafactorOptions& options) {
  return std::make_unique<Adafactor>(parameters, options);
}

}  // namespace bertune::optim
