// The first half of a layer, for every token: multi-head self-attention and the residual step (Transformers'
// BertSelfAttention and BertSelfOutput).
#pragma once

#include "model/layers/block.h"
#include "model/weights.h"

namespace bertune::model {

struct SelfAttentionActivations {
  float* query_key_value = nullptr;  // [T,3H]
  float* log_sum_exp = nullptr;      // [T,heads]
  float* context = nullptr;          // [T,H]
  ResidualActivations residual;

  void take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t tokens);
};

void self_attention(const Block& block, const EncoderLayerWeights& weights, const float* input,
                    SelfAttentionActivations& activations, Scratch& scratch);

// Computes, from scratch.d_residual, the gradient of the output, which `producer` completes,
// scratch.d_hidden, the gradient of the input, which is there once the returned product is made. Adds the
// gradients of the weights.
kernels::Matmul self_attention_backward(const Block& block, const EncoderLayerWeights& weights,
                                        const kernels::Matmul& producer, const float* input,
                                        const SelfAttentionActivations& activations, Scratch& scratch);

}  // namespace bertune::model
