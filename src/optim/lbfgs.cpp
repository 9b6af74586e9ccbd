#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "optim/algorithm.h"
#include "optim/lbfgs_search.h"
#include "optim/update.h"
#include "optim/vectors.h"

namespace bertune::optim {
namespace {

class Lbfgs final : public Optimizer {
 public:
  Lbfgs(Parameters& parameters, const LBFGSOptions& o)
      : Optimizer(parameters,
                  {.name = "lbfgs", .lr = o.lr, .unused_rows = UnusedRows::must_step, .needs_closure = true}),
        history_size_(static_cast<std::size_t>(o.history_size)),
        search_(o) {
    search_.state().direction = kernels::Buffer<float>(parameters.trainable_count());
    search_.state().previous_gradient = kernels::Buffer<float>(parameters.trainable_count());
    if (std::ranges::any_of(parameters.layout(),
                            [](const Parameter& p) { return p.trainable && p.learning_rate_scale != 1; })) {
      throw UsageError(
          "layer_wise_lr_decay",
          "optimizer lbfgs: it makes one step in all parameters, which cannot have learning rates of their "
          "own; leave out `layer_wise_lr_decay`, or take another optimizer");
    }
  }

  std::vector<State> state() override {
    auto& own = search_.state();
    std::vector<State> list = {{"d", own.direction.span()},
                               {"prev_flat_grad", own.previous_gradient.span()},
                               {"numbers", own.numbers, true},
                               {"ro", own.inverse_products, true}};
    for (std::size_t i = 0; i < own.steps.size(); ++i) {
      list.push_back({kChanges + std::to_string(i), own.gradient_changes[i].span()});
      list.push_back({kSteps + std::to_string(i), own.steps[i].span()});
    }
    return list;
  }

  void expect_state(std::span<const std::string> names) override {
    std::size_t count = 0;
    for (const std::string& name : names) count += name.starts_with(kSteps) ? 1 : 0;
    if (count > history_size_) {
      throw UsageError(fmt::format("optimizer lbfgs: {} steps are remembered, and history_size is {}", count,
                                   history_size_));
    }
    auto& own = search_.state();
    own.inverse_products.assign(count, 0.0F);
    own.gradient_changes.clear(), own.steps.clear();
    for (std::size_t i = 0; i < count; ++i) {
      own.gradient_changes.emplace_back(parameters_->trainable_count());
      own.steps.emplace_back(parameters_->trainable_count());
    }
  }

 private:
  double search(const Closure& closure) override {
    const auto lr = static_cast<float>(learning_rate_);
    ++steps_;
    if (parameters_->trainable_count() == parameters_->count()) {
      return search_.step(parameters_->values(), parameters_->gradients(), lr,
                          [&] { return static_cast<float>(closure()); });
    }
    // The trainable values are searched end to end.
    kernels::Buffer<float> values(parameters_->trainable_count()), gradients(values.size());
    copy_trainable(parameters_->values(), values.data());
    const float loss = search_.step(values.span(), gradients.span(), lr, [&] {
      write_trainable(values.data());
      const double value = closure();
      copy_trainable(parameters_->gradients(), gradients.data());
      return static_cast<float>(value);
    });
    write_trainable(values.data());
    return loss;
  }
  void copy_trainable(std::span<const float> from, float* to) const {
    for (const auto [offset, size] : parameters_->trainable_ranges()) {
      TableVectors::copy(from.subspan(offset, size), {to, size});
      to += size;
    }
  }
  void write_trainable(const float* from) const {
    for (const auto [offset, size] : parameters_->trainable_ranges()) {
      TableVectors::copy({from, size}, parameters_->values().subspan(offset, size));
      from += size;
    }
  }
  void update(const Updates&) override {}  // step() refuses before it comes to that

  static constexpr const char *kChanges = "old_dirs.", *kSteps = "old_stps.";
  std::size_t history_size_;
  LbfgsSearch<TableVectors> search_;
};

}  // namespace

Algorithm describe_lbfgs() {
  Algorithm algorithm = describe<Lbfgs, LBFGSOptions>(
      "lbfgs", {},
      {{"max_iter", &LBFGSOptions::max_iter, {.min = 1, .max = 1e6}},
       {"max_eval", &LBFGSOptions::max_eval, {.min = 1, .max = 1e6}},
       {"tolerance_grad", &LBFGSOptions::tolerance_grad, kAtLeast0},
       {"tolerance_change", &LBFGSOptions::tolerance_change, kAtLeast0},
       {"history_size", &LBFGSOptions::history_size, {.min = 1, .max = 1e6}},
       {"line_search_fn", &LBFGSOptions::line_search_fn, kAny, {"none", "strong_wolfe"}}});
  algorithm.needs_closure = algorithm.whole_tensors = true;
  return algorithm;
}

std::unique_ptr<Optimizer> lbfgs(Parameters& parameters, const LBFGSOptions& options) {
  return std::make_unique<Lbfgs>(parameters, options);
}

}  // namespace bertune::optim
