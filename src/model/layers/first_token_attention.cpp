#include "model/layers/first_token_attention.h"

namespace bertune::model {

using kernels::DropoutSite;

void FirstTokenActivations::take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t tokens,
                                        std::int64_t sequences, bool training,
                                        const EncoderLayerWeights& weights) {
  const std::int64_t h = config.hidden_size, heads = config.num_attention_heads, wide = sequences * heads * h;
  input = arena.take(sequences * h), query = arena.take(sequences * h), context = arena.take(sequences * h);
  absorbed_query = arena.take(wide), mixed_input = arena.take(wide);
  probabilities = arena.take(tokens * heads), probability_sums = arena.take(sequences * heads);
  if (training) d_absorbed_query = arena.take(wide), d_mixed_input = arena.take(wide);
  const auto dense_gradient = [&](const Linear& part) {
    return training && part.low_rank.is_trained() ? arena.take(h * h) : nullptr;
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

// Returns where the kernel adds the gradient of a weight: `dense`, zeroed, where low-rank matrices are
// trained.
float* weight_gradient_of(const Pass& pass, const Linear& linear, float* dense) {
  if (dense == nullptr) return linear.weight.gradient.sum();
  pass.fill(dense, linear.out * linear.in, 0);
  return dense;
}

}  // namespace

void first_token_attention(const Block& block, const EncoderLayerWeights& weights, const float* input,
                           FirstTokenActivations& activations, Scratch& scratch) {
  const Pass& pass = block.pass;
  const std::int64_t h = block.config.hidden_size, sequences = block.rows.tokens;
  pass.ops().gather_rows({sequences, h, pass.layout.cu_seqlens, input, activations.input});
  const Linear& query = weights.query_key_value.parts[0];
  const kernels::Matmul projected = query.output(sequences, activations.input, activations.query);
  pass.ops().add_bias(
      {.rows = sequences, .n = h, .x = activations.query, .bias = query.bias.value, .producer = &projected});
  pass.ops().first_token_attention_forward(attention_of(block, weights, input, activations));
  residual_forward(block, DropoutSite::attention_output, weights.attention_output, weights.attention_norm,
                   activations.context, activations.input, activations.residual, scratch);
}

void first_token_attention_backward(const Block& block, const EncoderLayerWeights& weights,
                                    const kernels::Matmul& producer, const float* input,
                                    const FirstTokenActivations& activations, float* d_input,
                                    Scratch& scratch) {
  const Pass& pass = block.pass;
  const std::int64_t h = block.config.hidden_size, sequences = block.rows.tokens;
  const auto& [query, key, value] = weights.query_key_value.parts;
  residual_backward(block, DropoutSite::attention_output, weights.attention_output, weights.attention_norm,
                    &producer, scratch.d_residual, activations.residual, scratch.d_hidden, scratch);
  float *d_context = scratch.d_residual, *d_query = scratch.d_query_key_value;
  pass.matmul(weights.attention_output.input_gradient(sequences, scratch.projected, d_context, false));
  weights.attention_output.add_weight_gradient(pass, sequences, scratch.projected, activations.context,
                                               scratch.low_rank);
  pass.ops().first_token_attention_backward(
      {.forward = attention_of(block, weights, input, activations),
       .d_context = d_context,
       .d_query = d_query,
       .dx = d_input,
       .d_key_weight = weight_gradient_of(pass, key, activations.d_key_weight),
       .d_value_weight = weight_gradient_of(pass, value, activations.d_value_weight),
       .d_value_bias = value.bias.gradient.sum(),
       .d_absorbed_query = activations.d_absorbed_query,
       .d_mixed_input = activations.d_mixed_input});
  key.add_dense_gradient(pass, activations.d_key_weight);
  value.add_dense_gradient(pass, activations.d_value_weight);
  query.add_bias_gradient(pass, sequences, d_query);
  query.add_weight_gradient(pass, sequences, d_query, activations.input, scratch.low_rank);
  pass.matmul(query.input_gradient(sequences, d_query, scratch.d_hidden, true));
  pass.ops().add_to_rows({sequences, h, pass.layout.cu_seqlens, d_input, scratch.d_hidden});
}

}  // namespace bertune::model
