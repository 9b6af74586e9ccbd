#include "model/layers/block.h"

#include <algorithm>

#include "core/parallel.h"

namespace bertune::model {

void ResidualActivations::take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t rows) {
  sum = arena.take(rows * config.hidden_size);
  mean = arena.take(rows), rstd = arena.take(rows);
  output = arena.take(rows * config.hidden_size);
}

void Scratch::take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t rows, bool training,
                          std::int64_t low_rank_size) {
  const std::int64_t h = config.hidden_size;
  projected = arena.take(rows * h);
  activated = arena.take(rows * config.intermediate_size);
  if (!training) return;
  d_hidden = arena.take(rows * h);
  d_residual = arena.take(rows * h);
  d_intermediate = arena.take(rows * config.intermediate_size);
  d_query_key_value = arena.take(rows * 3 * h);
  const std::int64_t blocks = block_count(rows, kernels::kRowBlock);
  partial_sums = arena.take(blocks * std::max(3 * h, config.intermediate_size));
  low_rank = arena.take(low_rank_size);
}

void residual_forward(const Block& block, kernels::DropoutSite site, const Linear& projection,
                      const LayerNorm& norm, const float* x, const float* input,
                      ResidualActivations& activations, Scratch& scratch) {
  const kernels::Matmul projected = projection.output(block.rows.tokens, x, scratch.projected);
  block.pass.ops().layer_norm_forward({.layout = block.rows,
                                       .hidden_size = block.config.hidden_size,
                                       .epsilon = block.config.layer_norm_eps,
                                       .dropout = block.hidden_dropout(site),
                                       .x = scratch.projected,
                                       .bias = projection.bias.value,
                                       .residual = input,
                                       .gamma = norm.gamma.value,
                                       .beta = norm.beta.value,
                                       .sum = activations.sum,
                                       .y = activations.output,
                                       .mean = activations.mean,
                                       .rstd = activations.rstd,
                                       .producer = &projected});
}

void residual_backward(const Block& block, kernels::DropoutSite site, const Linear& projection,
                       const LayerNorm& norm, const kernels::Matmul* producer, const float* d_output,
                       const ResidualActivations& activations, float* d_input, Scratch& scratch) {
  block.pass.ops().layer_norm_backward({.layout = block.rows,
                                        .hidden_size = block.config.hidden_size,
                                        .dropout = block.hidden_dropout(site),
                                        .dy = d_output,
                                        .sum = activations.sum,
                                        .mean = activations.mean,
                                        .rstd = activations.rstd,
                                        .gamma = norm.gamma.value,
                                        .d_sum = d_input,
                                        .dx = scratch.projected,
                                        .d_gamma = norm.gamma.gradient.sum(),
                                        .d_beta = norm.beta.gradient.sum(),
                                        .d_bias = projection.bias.gradient.sum(),
                                        .partial_sums = scratch.partial_sums,
                                        .producer = producer});
}

}  // namespace bertune::model
