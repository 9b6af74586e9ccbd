#include "model/encoder_layer.h"

#include <algorithm>

#include "kernels/ops.h"

namespace bertune::model {

using kernels::DropoutSite;
using kernels::ops;

void LayerActivations::take_memory(Arena& arena, const BertConfig& config, std::int64_t tokens) {
  const std::int64_t h = config.hidden_size;
  query_key_value = arena.take(tokens * 3 * h);
  log_sum_exp = arena.take(tokens * config.num_attention_heads);
  context = arena.take(tokens * h);
  attention_sum = arena.take(tokens * h);
  attention_mean = arena.take(tokens), attention_rstd = arena.take(tokens);
  attention_output = arena.take(tokens * h);
  intermediate = arena.take(tokens * config.intermediate_size);
  output_sum = arena.take(tokens * h);
  output_mean = arena.take(tokens), output_rstd = arena.take(tokens);
  output = arena.take(tokens * h);
}

void LayerScratch::take_memory(Arena& arena, const BertConfig& config, std::int64_t tokens, bool training) {
  const std::int64_t h = config.hidden_size;
  projected = arena.take(tokens * h);
  activated = arena.take(tokens * config.intermediate_size);
  if (!training) return;
  d_hidden = arena.take(tokens * h);
  d_residual = arena.take(tokens * h);
  d_intermediate = arena.take(tokens * config.intermediate_size);
  d_query_key_value = arena.take(tokens * 3 * h);
  const std::int64_t blocks = (tokens + kernels::kRowBlock - 1) / kernels::kRowBlock;
  partial_sums = arena.take(blocks * std::max(3 * h, config.intermediate_size));
}

namespace {

// The attention half, then the feed-forward half: where each takes its dropout.
kernels::Dropout probabilities_dropout(const BertConfig& config, const Pass& pass, std::int64_t layer) {
  return pass.dropout(config.attention_probs_dropout_prob, DropoutSite::attention_probabilities, layer);
}
kernels::Dropout attention_dropout(const BertConfig& config, const Pass& pass, std::int64_t layer) {
  return pass.dropout(config.hidden_dropout_prob, DropoutSite::attention_output, layer);
}
kernels::Dropout output_dropout(const BertConfig& config, const Pass& pass, std::int64_t layer) {
  return pass.dropout(config.hidden_dropout_prob, DropoutSite::feed_forward_output, layer);
}

void attention_forward(const BertConfig& config, const EncoderLayerWeights& weights, std::int64_t layer,
                       const Pass& pass, const float* input, LayerActivations& activations,
                       LayerScratch& scratch) {
  const std::int64_t tokens = pass.layout.tokens;
  weights.query_key_value.forward(tokens, input, activations.query_key_value);
  ops().add_bias(
      {tokens, 3 * config.hidden_size, activations.query_key_value, weights.query_key_value.bias.value});
  ops().attention_forward({.layout = pass.layout,
                           .heads = config.num_attention_heads,
                           .head_size = config.head_size(),
                           .dropout = probabilities_dropout(config, pass, layer),
                           .qkv = activations.query_key_value,
                           .context = activations.context,
                           .log_sum_exp = activations.log_sum_exp});
  weights.attention_output.forward(tokens, activations.context, scratch.projected);
  ops().layer_norm_forward({.layout = pass.layout,
                            .hidden_size = config.hidden_size,
                            .epsilon = config.layer_norm_eps,
                            .dropout = attention_dropout(config, pass, layer),
                            .x = scratch.projected,
                            .bias = weights.attention_output.bias.value,
                            .residual = input,
                            .gamma = weights.attention_norm.gamma.value,
                            .beta = weights.attention_norm.beta.value,
                            .sum = activations.attention_sum,
                            .y = activations.attention_output,
                            .mean = activations.attention_mean,
                            .rstd = activations.attention_rstd});
}

void feed_forward_forward(const BertConfig& config, const EncoderLayerWeights& weights, std::int64_t layer,
                          const Pass& pass, LayerActivations& activations, LayerScratch& scratch) {
  const std::int64_t tokens = pass.layout.tokens;
  weights.intermediate.forward(tokens, activations.attention_output, activations.intermediate);
  ops().activation_forward({.activation = kernels::activation_from_string(config.hidden_act),
                            .rows = tokens,
                            .n = config.intermediate_size,
                            .x = activations.intermediate,
                            .bias = weights.intermediate.bias.value,
                            .y = scratch.activated});
  weights.output.forward(tokens, scratch.activated, scratch.projected);
  ops().layer_norm_forward({.layout = pass.layout,
                            .hidden_size = config.hidden_size,
                            .epsilon = config.layer_norm_eps,
                            .dropout = output_dropout(config, pass, layer),
                            .x = scratch.projected,
                            .bias = weights.output.bias.value,
                            .residual = activations.attention_output,
                            .gamma = weights.output_norm.gamma.value,
                            .beta = weights.output_norm.beta.value,
                            .sum = activations.output_sum,
                            .y = activations.output,
                            .mean = activations.output_mean,
                            .rstd = activations.output_rstd});
}

// d_hidden (of the output) -> d_residual (of attention_output).
void feed_forward_backward(const BertConfig& config, const EncoderLayerWeights& weights, std::int64_t layer,
                           const Pass& pass, const LayerActivations& activations, LayerScratch& scratch) {
  const std::int64_t tokens = pass.layout.tokens;
  float* d_projected = scratch.projected;
  ops().layer_norm_backward({.layout = pass.layout,
                             .hidden_size = config.hidden_size,
                             .dropout = output_dropout(config, pass, layer),
                             .dy = scratch.d_hidden,
                             .sum = activations.output_sum,
                             .mean = activations.output_mean,
                             .rstd = activations.output_rstd,
                             .gamma = weights.output_norm.gamma.value,
                             .d_sum = scratch.d_residual,
                             .dx = d_projected,
                             .d_gamma = weights.output_norm.gamma.gradient,
                             .d_beta = weights.output_norm.beta.gradient,
                             .d_bias = weights.output.bias.gradient,
                             .partial_sums = scratch.partial_sums});
  weights.output.backward_input(tokens, d_projected, scratch.d_intermediate, false);
  ops().activation_backward({.activation = kernels::activation_from_string(config.hidden_act),
                             .rows = tokens,
                             .n = config.intermediate_size,
                             .x = activations.intermediate,
                             .dy = scratch.d_intermediate,
                             .dx = scratch.d_intermediate,
                             .y = scratch.activated,
                             .d_bias = weights.intermediate.bias.gradient,
                             .partial_sums = scratch.partial_sums});
  weights.output.backward_weight(tokens, d_projected, scratch.activated);
  weights.intermediate.backward_weight(tokens, scratch.d_intermediate, activations.attention_output);
  weights.intermediate.backward_input(tokens, scratch.d_intermediate, scratch.d_residual, true);
}

// d_residual (of attention_output) -> d_hidden (of the layer's input).
void attention_backward(const BertConfig& config, const EncoderLayerWeights& weights, std::int64_t layer,
                        const Pass& pass, const float* input, const LayerActivations& activations,
                        LayerScratch& scratch) {
  const std::int64_t tokens = pass.layout.tokens;
  float* d_projected = scratch.projected;
  ops().layer_norm_backward({.layout = pass.layout,
                             .hidden_size = config.hidden_size,
                             .dropout = attention_dropout(config, pass, layer),
                             .dy = scratch.d_residual,
                             .sum = activations.attention_sum,
                             .mean = activations.attention_mean,
                             .rstd = activations.attention_rstd,
                             .gamma = weights.attention_norm.gamma.value,
                             .d_sum = scratch.d_hidden,
                             .dx = d_projected,
                             .d_gamma = weights.attention_norm.gamma.gradient,
                             .d_beta = weights.attention_norm.beta.gradient,
                             .d_bias = weights.attention_output.bias.gradient,
                             .partial_sums = scratch.partial_sums});
  float* d_context = scratch.d_residual;
  weights.attention_output.backward_input(tokens, d_projected, d_context, false);
  weights.attention_output.backward_weight(tokens, d_projected, activations.context);
  ops().attention_backward({.layout = pass.layout,
                            .heads = config.num_attention_heads,
                            .head_size = config.head_size(),
                            .dropout = probabilities_dropout(config, pass, layer),
                            .qkv = activations.query_key_value,
                            .log_sum_exp = activations.log_sum_exp,
                            .d_context = d_context,
                            .d_qkv = scratch.d_query_key_value});
  ops().column_sums(
      {tokens, 3 * config.hidden_size, scratch.d_query_key_value, weights.query_key_value.bias.gradient});
  weights.query_key_value.backward_weight(tokens, scratch.d_query_key_value, input);
  weights.query_key_value.backward_input(tokens, scratch.d_query_key_value, scratch.d_hidden, true);
}

}  // namespace

void layer_forward(const BertConfig& config, const EncoderLayerWeights& weights, std::int64_t layer,
                   const Pass& pass, const float* input, LayerActivations& activations,
                   LayerScratch& scratch) {
  attention_forward(config, weights, layer, pass, input, activations, scratch);
  feed_forward_forward(config, weights, layer, pass, activations, scratch);
}

void layer_backward(const BertConfig& config, const EncoderLayerWeights& weights, std::int64_t layer,
                    const Pass& pass, const float* input, const LayerActivations& activations,
                    LayerScratch& scratch) {
  feed_forward_backward(config, weights, layer, pass, activations, scratch);
  attention_backward(config, weights, layer, pass, input, activations, scratch);
}

}  // namespace bertune::model
