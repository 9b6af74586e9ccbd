#include "model/heads/output_layer.h"

#include "model/weights.h"

namespace bertune::model {

void OutputLayer::add_parameters(LayoutBuilder& layout) const { layout.linear(name_, outputs_, in_); }

void OutputLayer::bind(const WeightViews& views) { linear_ = views.f32_linear(name_, in_, outputs_); }

void OutputLayer::take_memory(OutputActivations& activations, kernels::Arena& arena, std::int64_t rows,
                              bool training) const {
  activations.logits = arena.take(rows * outputs_);
  if (training) activations.d_logits = arena.take(rows * outputs_);
}

std::span<const float> OutputLayer::forward(const Pass& pass, std::int64_t rows, const float* features,
                                            OutputActivations& activations) const {
  activations.features = features;
  const kernels::Matmul product = linear_.output(rows, features, activations.logits);
  pass.ops().add_bias({rows, outputs_, activations.logits, linear_.bias.value, &product});
  return {activations.logits, static_cast<std::size_t>(rows * outputs_)};
}

void OutputLayer::backward(const Pass& pass, std::int64_t rows, float scale, OutputActivations& activations,
                           float* d_features) const {
  float* d_logits = activations.d_logits;
  pass.ops().scale({rows * outputs_, d_logits, scale});
  linear_.add_bias_gradient(pass, rows, d_logits);
  linear_.add_weight_gradient(pass, rows, d_logits, activations.features);
  pass.matmul(linear_.input_gradient(rows, d_logits, d_features, false));
}

}  // namespace bertune::model
