#include "model/first_token_attention.h"

namespace bertune::model {

using kernels::DropoutSite;
using kernels::ops;

void FirstTokenActivations::take_memory(Arena& arena, const BertConfig& config, std::int64_t tokens,
                                        std::int64_t sequences, bool training) {
  const std::int64_t h = config.hidden_size, heads = config.num_attention_heads, wide = sequences * heads * h;
  input = arena.take(sequences * h), query = arena.take(sequences * h), context = arena.take(sequences * h);
  absorbed_query = arena.take(wide), mixed_input = arena.take(wide);
  probabilities = arena.take(tokens * heads), probability_sums = arena.take(sequences * heads);
  if (training) d_absorbed_query = arena.take(wide), d_mixed_input = arena.take(wide);
  residual.take_memory(arena, config, sequences);
}

namespace {

// A part of the fused [3H, H] projection: 0 query, 1 key, 2 value.
Linear part_of(const Linear& query_key_value, std::int64_t part) {
  Linear linear = query_key_value;
  linear.out = query_key_value.out / 3;
  const std::int64_t weights = part * linear.out * linear.in, biases = part * linear.out;
  linear.weight.value += weights, linear.bias.value += biases;
  linear.packed = nullptr;
  if (linear.weight.gradient != nullptr) linear.weight.gradient += weights, linear.bias.gradient += biases;
  return linear;
}

kernels::FirstTokenAttention attention_of(const Block& block, const EncoderLayerWeights& weights,
                                          const float* input, const FirstTokenActivations& activations) {
  const Linear key = part_of(weights.query_key_value, 1), value = part_of(weights.query_key_value, 2);
  return {.layout = block.pass.layout,
          .heads = block.config.num_attention_heads,
          .head_size = block.config.head_size(),
          .dropout = block.attention_dropout(),
          .x = input,
          .query = activations.query,
          .key_weight = key.weight.value,
          .value_weight = value.weight.value,
          .value_bias = value.bias.value,
          .context = activations.context,
          .absorbed_query = activations.absorbed_query,
          .mixed_input = activations.mixed_input,
          .probabilities = activations.probabilities,
          .probability_sums = activations.probability_sums};
}

}  // namespace

void first_token_attention(const Block& block, const EncoderLayerWeights& weights, const float* input,
                           FirstTokenActivations& activations, Scratch& scratch) {
  const std::int64_t h = block.config.hidden_size, sequences = block.rows.tokens;
  ops().gather_rows(
      {sequences, h, block.pass.layout.cu_seqlens, const_cast<float*>(input), activations.input});
  const Linear query = part_of(weights.query_key_value, 0);
  const kernels::Matmul projected = query.output(sequences, activations.input, activations.query);
  ops().add_bias(
      {.rows = sequences, .n = h, .x = activations.query, .bias = query.bias.value, .producer = &projected});
  ops().first_token_attention_forward(attention_of(block, weights, input, activations));
  residual_forward(block, DropoutSite::attention_output, weights.attention_output, weights.attention_norm,
                   activations.context, activations.input, activations.residual, scratch);
}

void first_token_attention_backward(const Block& block, const EncoderLayerWeights& weights,
                                    const kernels::Matmul& producer, const float* input,
                                    const FirstTokenActivations& activations, float* d_input,
                                    Scratch& scratch) {
  const std::int64_t h = block.config.hidden_size, sequences = block.rows.tokens;
  const Linear query = part_of(weights.query_key_value, 0), key = part_of(weights.query_key_value, 1),
               value = part_of(weights.query_key_value, 2);
  residual_backward(block, DropoutSite::attention_output, weights.attention_output, weights.attention_norm,
                    &producer, scratch.d_residual, activations.residual, scratch.d_hidden, scratch);
  float *d_context = scratch.d_residual, *d_query = scratch.d_query_key_value;
  ops().matmul(weights.attention_output.input_gradient(sequences, scratch.projected, d_context, false));
  ops().matmul(weights.attention_output.weight_gradient(sequences, scratch.projected, activations.context));
  ops().first_token_attention_backward({.forward = attention_of(block, weights, input, activations),
                                        .d_context = d_context,
                                        .d_query = d_query,
                                        .dx = d_input,
                                        .d_key_weight = key.weight.gradient,
                                        .d_value_weight = value.weight.gradient,
                                        .d_value_bias = value.bias.gradient,
                                        .d_absorbed_query = activations.d_absorbed_query,
                                        .d_mixed_input = activations.d_mixed_input});
  ops().column_sums({sequences, h, d_query, query.bias.gradient});
  ops().matmul(query.weight_gradient(sequences, d_query, activations.input));
  ops().matmul(query.input_gradient(sequences, d_query, scratch.d_hidden, true));
  ops().add_to_rows({sequences, h, block.pass.layout.cu_seqlens, d_input, scratch.d_hidden});
}

}  // namespace bertune::model
