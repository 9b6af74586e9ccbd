#include "model/layers/first_token_attention.h"

#include <algorithm>

namespace bertune::model {

using kernels::DropoutSite;
using kernels::ops;

void FirstTokenActivations::take_memory(Arena& arena, const BertConfig& config, std::int64_t tokens,
                                        std::int64_t sequences, bool training,
                                        const EncoderLayerWeights& weights) {
  const std::int64_t h = config.hidden_size, heads = config.num_attention_heads, wide = sequences * heads * h;
  input = arena.take(sequences * h), query = arena.take(sequences * h), context = arena.take(sequences * h);
  absorbed_query = arena.take(wide), mixed_input = arena.take(wide);
  probabilities = arena.take(tokens * heads), probability_sums = arena.take(sequences * heads);
  if (training) d_absorbed_query = arena.take(wide), d_mixed_input = arena.take(wide);
  const auto dense_gradient = [&](const Linear& part) {
    return training && part.low_rank.rank > 0 ? arena.take(h * h) : nullptr;
  };
  d_key_weight = dense_gradient(weights.query_key_value.parts[1]);
  d_value_weight = dense_gradient(weights.query_key_value.parts[2]);
  residual.take_memory(arena, config, sequences);
}

namespace {

kernels::FirstTokenAttention attention_of(const Block& block, const EncoderLayerWeights& weights,
                                          const float* input, const FirstTokenActivations& activations) {
  const auto& [query, key, value] = weights.query_key_value.parts;
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

// Where the kernel adds the gradient of a weight: `dense`, zeroed, where low-rank matrices are trained in its
// stead.
float* weight_gradient_of(const Linear& linear, float* dense) {
  if (dense == nullptr) return linear.weight.gradient;
  std::fill_n(dense, linear.out * linear.in, 0.0F);
  return dense;
}

// From the gradient of the whole weight to that of b, scale · gradient · aᵀ, and of a, scale · bᵀ · gradient.
void add_low_rank_gradient(const Linear& linear, float* dense) {
  if (dense == nullptr) return;
  const auto& [a, b, rank, scale] = linear.low_rank;
  for (std::int64_t i = 0; i < linear.out * linear.in; ++i) dense[i] *= scale;
  ops().matmul({.transpose_b = true,
                .m = linear.out,
                .n = rank,
                .k = linear.in,
                .a = dense,
                .lda = linear.in,
                .b = a.value,
                .ldb = linear.in,
                .accumulate = true,
                .c = b.gradient,
                .ldc = rank});
  ops().matmul({.transpose_a = true,
                .m = rank,
                .n = linear.in,
                .k = linear.out,
                .a = b.value,
                .lda = rank,
                .b = dense,
                .ldb = linear.in,
                .accumulate = true,
                .c = a.gradient,
                .ldc = linear.in});
}

}  // namespace

void first_token_attention(const Block& block, const EncoderLayerWeights& weights, const float* input,
                           FirstTokenActivations& activations, Scratch& scratch) {
  const std::int64_t h = block.config.hidden_size, sequences = block.rows.tokens;
  ops().gather_rows(
      {sequences, h, block.pass.layout.cu_seqlens, const_cast<float*>(input), activations.input});
  const Linear& query = weights.query_key_value.parts[0];
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
  const auto& [query, key, value] = weights.query_key_value.parts;
  residual_backward(block, DropoutSite::attention_output, weights.attention_output, weights.attention_norm,
                    &producer, scratch.d_residual, activations.residual, scratch.d_hidden, scratch);
  float *d_context = scratch.d_residual, *d_query = scratch.d_query_key_value;
  ops().matmul(weights.attention_output.input_gradient(sequences, scratch.projected, d_context, false));
  weights.attention_output.add_weight_gradient(sequences, scratch.projected, activations.context,
                                               scratch.low_rank);
  ops().first_token_attention_backward(
      {.forward = attention_of(block, weights, input, activations),
       .d_context = d_context,
       .d_query = d_query,
       .dx = d_input,
       .d_key_weight = weight_gradient_of(key, activations.d_key_weight),
       .d_value_weight = weight_gradient_of(value, activations.d_value_weight),
       .d_value_bias = value.bias.gradient,
       .d_absorbed_query = activations.d_absorbed_query,
       .d_mixed_input = activations.d_mixed_input});
  add_low_rank_gradient(key, activations.d_key_weight);
  add_low_rank_gradient(value, activations.d_value_weight);
  ops().column_sums({sequences, h, d_query, query.bias.gradient});
  query.add_weight_gradient(sequences, d_query, activations.input, scratch.low_rank);
  ops().matmul(query.input_gradient(sequences, d_query, scratch.d_hidden, true));
  ops().add_to_rows({sequences, h, block.pass.layout.cu_seqlens, d_input, scratch.d_hidden});
}

}  // namespace bertune::model
