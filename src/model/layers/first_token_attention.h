// The first half of the last layer where only the first token's hidden state is wanted: self_attention.h for
// one row per sequence, keys and values absorbed into it (kernels/layer_ops.h, FirstTokenAttention).
#pragma once

#include "model/layers/block.h"
#include "model/weights.h"

namespace bertune::model {

struct FirstTokenActivations {
  float *input = nullptr, *query = nullptr, *context = nullptr;  // [sequences,H]
  float *absorbed_query = nullptr, *mixed_input = nullptr;       // [sequences,heads,H]
  float *probabilities = nullptr, *probability_sums = nullptr;   // [T,heads], [sequences,heads]
  float *d_absorbed_query = nullptr, *d_mixed_input = nullptr;   // [sequences,heads,H], in training
  float *d_key_weight = nullptr, *d_value_weight = nullptr;      // [H,H], where they reach low-rank matrices
  ResidualActivations residual;

  void take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t tokens,
                   std::int64_t sequences, bool training, const EncoderLayerWeights& weights);
};

// `input` [T,H] is that of every token; block.rows are the first ones.
void first_token_attention(const Block& block, const EncoderLayerWeights& weights, const float* input,
                           FirstTokenActivations& activations, Scratch& scratch);

// Computes d_input [T,H], overwritten, from scratch.d_residual [sequences,H], which `producer` completes.
// Adds the gradients of the weights.
void first_token_attention_backward(const Block& block, const EncoderLayerWeights& weights,
                                    const kernels::Matmul& producer, const float* input,
                                    const FirstTokenActivations& activations, float* d_input,
                                    Scratch& scratch);

}  // namespace bertune::model
