#include "model/heads/pooler.h"

#include <string>

#include "core/parallel.h"
#include "model/weights.h"

namespace bertune::model {

void Pooler::add_parameters(LayoutBuilder& layout) const {
  layout.linear(std::string(head_.dense), config_.hidden_size, config_.hidden_size);
}

void Pooler::bind(const WeightViews& views) {
  const std::int64_t h = config_.hidden_size;
  dense_ = views.f32_linear(std::string(head_.dense), h, h);
  activation_ = kernels::activation_from_string(head_.activation(config_));
}

void Pooler::take_memory(PoolerActivations& activations, kernels::Arena& arena, std::int64_t sequences,
                         bool training) const {
  const std::int64_t size = sequences * config_.hidden_size;
  activations.dense_output = arena.take(size), activations.pooled = arena.take(size);
  if (!training) return;
  activations.dropped = arena.take(size), activations.d_pooled = arena.take(size);
  if (head_.dropout_before(config_) > 0) activations.dropped_input = arena.take(size);
  activations.partial_sums = arena.take(block_count(sequences, kernels::kRowBlock) * config_.hidden_size);
}

const float* Pooler::forward(const Pass& pass, const float* hidden, PoolerActivations& activations) const {
  const std::int64_t h = config_.hidden_size, sequences = pass.layout.sequences;
  float *const dense_output = activations.dense_output, *const pooled = activations.pooled;
  activations.input =
      pass.dropped(pass.first_tokens, h, dropout_before(pass), hidden, activations.dropped_input);
  const kernels::Matmul product = dense_.output(sequences, activations.input, dense_output);
  pass.ops().activation_forward(
      {activation_, sequences, h, dense_output, dense_.bias.value, pooled, &product});
  return pass.dropped(pass.first_tokens, h, dropout_after(pass), pooled, activations.dropped);
}

void Pooler::backward(const Pass& pass, PoolerActivations& activations, float* d_hidden) const {
  const std::int64_t h = config_.hidden_size, sequences = pass.layout.sequences;
  float* const d_pooled = activations.d_pooled;
  pass.drop(pass.first_tokens, h, dropout_after(pass), d_pooled);
  pass.ops().activation_backward({.activation = activation_,
                                  .rows = sequences,
                                  .n = h,
                                  .x = activations.dense_output,
                                  .dy = d_pooled,
                                  .dx = d_pooled,
                                  .d_bias = dense_.bias.gradient.sum(),
                                  .partial_sums = activations.partial_sums});
  dense_.add_weight_gradient(pass, sequences, d_pooled, activations.input);
  pass.matmul(dense_.input_gradient(sequences, d_pooled, d_hidden, false));
  pass.drop(pass.first_tokens, h, dropout_before(pass), d_hidden);
}

}  // namespace bertune::model
