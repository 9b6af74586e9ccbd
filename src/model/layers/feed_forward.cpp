#include "model/layers/feed_forward.h"

namespace bertune::model {

using kernels::DropoutSite;

void FeedForwardActivations::take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t rows) {
  intermediate = arena.take(rows * config.intermediate_size);
  residual.take_memory(arena, config, rows);
}

void feed_forward(const Block& block, const EncoderLayerWeights& weights, const float* input,
                  FeedForwardActivations& activations, Scratch& scratch) {
  const kernels::Matmul intermediate =
      weights.intermediate.output(block.rows.tokens, input, activations.intermediate);
  block.pass.ops().activation_forward({.activation = weights.activation,
                                       .rows = block.rows.tokens,
                                       .n = block.config.intermediate_size,
                                       .x = activations.intermediate,
                                       .bias = weights.intermediate.bias.value,
                                       .y = scratch.activated,
                                       .producer = &intermediate});
  residual_forward(block, DropoutSite::feed_forward_output, weights.output, weights.output_norm,
                   scratch.activated, input, activations.residual, scratch);
}

kernels::Matmul feed_forward_backward(const Block& block, const EncoderLayerWeights& weights,
                                      const kernels::Matmul* producer, const float* input,
                                      const FeedForwardActivations& activations, Scratch& scratch) {
  const std::int64_t rows = block.rows.tokens;
  residual_backward(block, DropoutSite::feed_forward_output, weights.output, weights.output_norm, producer,
                    scratch.d_hidden, activations.residual, scratch.d_residual, scratch);
  const kernels::Matmul d_activated =
      weights.output.input_gradient(rows, scratch.projected, scratch.d_intermediate, false);
  block.pass.ops().activation_backward({.activation = weights.activation,
                                        .rows = rows,
                                        .n = block.config.intermediate_size,
                                        .x = activations.intermediate,
                                        .dy = scratch.d_intermediate,
                                        .dx = scratch.d_intermediate,
                                        .y = scratch.activated,
                                        .d_bias = weights.intermediate.bias.gradient.sum(),
                                        .partial_sums = scratch.partial_sums,
                                        .producer = &d_activated});
  weights.output.add_weight_gradient(block.pass, rows, scratch.projected, scratch.activated,
                                     scratch.low_rank);
  weights.intermediate.add_weight_gradient(block.pass, rows, scratch.d_intermediate, input, scratch.low_rank);
  return weights.intermediate.input_gradient(rows, scratch.d_intermediate, scratch.d_residual, true);
}

}  // namespace bertune::model
