#include "model/layers/self_attention.h"

namespace bertune::model {

using kernels::DropoutSite;

void SelfAttentionActivations::take_memory(kernels::Arena& arena, const BertConfig& config,
                                           std::int64_t tokens) {
  query_key_value = arena.take(tokens * 3 * config.hidden_size);
  log_sum_exp = arena.take(tokens * config.num_attention_heads);
  context = arena.take(tokens * config.hidden_size);
  residual.take_memory(arena, config, tokens);
}

void self_attention(const Block& block, const EncoderLayerWeights& weights, const float* input,
                    SelfAttentionActivations& activations, Scratch& scratch) {
  const BertConfig& config = block.config;
  const Pass& pass = block.pass;
  const std::int64_t tokens = block.rows.tokens;
  const kernels::Matmul projected =
      weights.query_key_value.whole.output(tokens, input, activations.query_key_value);
  pass.ops().add_bias({.rows = tokens,
                       .n = 3 * config.hidden_size,
                       .x = activations.query_key_value,
                       .bias = weights.query_key_value.whole.bias.value,
                       .producer = &projected});
  pass.ops().attention_forward({.layout = block.rows,
                                .heads = config.num_attention_heads,
                                .head_size = config.head_size(),
                                .dropout = block.attention_dropout(),
                                .qkv = activations.query_key_value,
                                .context = activations.context,
                                .log_sum_exp = activations.log_sum_exp});
  residual_forward(block, DropoutSite::attention_output, weights.attention_output, weights.attention_norm,
                   activations.context, input, activations.residual, scratch);
}

kernels::Matmul self_attention_backward(const Block& block, const EncoderLayerWeights& weights,
                                        const kernels::Matmul& producer, const float* input,
                                        const SelfAttentionActivations& activations, Scratch& scratch) {
  const BertConfig& config = block.config;
  const Pass& pass = block.pass;
  const std::int64_t tokens = block.rows.tokens;
  residual_backward(block, DropoutSite::attention_output, weights.attention_output, weights.attention_norm,
                    &producer, scratch.d_residual, activations.residual, scratch.d_hidden, scratch);
  float* d_context = scratch.d_residual;
  pass.matmul(weights.attention_output.input_gradient(tokens, scratch.projected, d_context, false));
  weights.attention_output.add_weight_gradient(pass, tokens, scratch.projected, activations.context,
                                               scratch.low_rank);
  pass.ops().attention_backward({.layout = block.rows,
                                 .heads = config.num_attention_heads,
                                 .head_size = config.head_size(),
                                 .dropout = block.attention_dropout(),
                                 .qkv = activations.query_key_value,
                                 .log_sum_exp = activations.log_sum_exp,
                                 .d_context = d_context,
                                 .d_qkv = scratch.d_query_key_value});
  weights.query_key_value.add_gradients(pass, tokens, scratch.d_query_key_value, input, scratch.low_rank,
                                        scratch.partial_sums);
  return weights.query_key_value.whole.input_gradient(tokens, scratch.d_query_key_value, scratch.d_hidden,
                                                      true);
}

}  // namespace bertune::model
