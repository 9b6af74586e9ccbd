#include "model/heads/output_layer.h"

#include "kernels/ops.h"
#include "model/weights.h"

namespace bertune::model {

using kernels::ops;

void OutputLayer::add_parameters(LayoutBuilder& layout) const { layout.linear(name_, outputs_, in_); }

void OutputLayer::bind(Parameters& parameters, bool with_gradients) {
  linear_ = WeightViews(parameters, type_, with_gradients, false).linear(name_, in_, outputs_);
}

void OutputLayer::take_memory(Arena& arena, std::int64_t rows, bool training) {
  logits_ = arena.take(rows * outputs_);
  if (training) d_logits_ = arena.take(rows * outputs_);
}

std::span<const float> OutputLayer::forward(std::int64_t rows, const float* features) {
  features_ = features;
  const kernels::Matmul product = linear_.output(rows, features, logits_);
  ops().add_bias({rows, outputs_, logits_, linear_.bias.value, &product});
  return {logits_, static_cast<std::size_t>(rows * outputs_)};
}

void OutputLayer::backward(std::int64_t rows, float scale, float* d_features) {
  for (std::int64_t i = 0; i < rows * outputs_; ++i) d_logits_[i] *= scale;
  ops().column_sums({rows, outputs_, d_logits_, linear_.bias.gradient});
  linear_.add_weight_gradient(rows, d_logits_, features_);
  if (d_features != nullptr) ops().matmul(linear_.input_gradient(rows, d_logits_, d_features, false));
}

}  // namespace bertune::model
