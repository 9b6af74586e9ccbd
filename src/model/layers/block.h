// The common parts of an encoder layer's blocks: their place, and the residual step that ends each of them.
#pragma once

#include <cstdint>

#include "bertune/config.h"
#include "checkpoint/family.h"
#include "kernels/arena.h"
#include "model/layers/tensor.h"

namespace bertune::model {

// One layer of one pass. `rows` are the tokens that the part works for: all, or the first of each sequence.
struct Block {
  const BertConfig& config;
  const Pass& pass;
  const kernels::Layout& rows;
  std::int64_t layer;

  kernels::Dropout hidden_dropout(kernels::DropoutSite site) const {
    const bool drops = site != kernels::DropoutSite::attention_output ||
                       checkpoint::family_of(config).dropout_after_attention;
    return pass.dropout(drops ? config.hidden_dropout_prob : 0, site, layer);
  }
  kernels::Dropout attention_dropout() const {
    return pass.dropout(config.attention_probs_dropout_prob, kernels::DropoutSite::attention_probabilities,
                        layer);
  }
};

// output = LayerNorm(input + dropout(projection(x) + bias)): the end of both halves of a layer (Transformers'
// BertSelfOutput and BertOutput).
struct ResidualActivations {
  float* sum = nullptr;  // [rows,H], before LayerNorm
  float *mean = nullptr, *rstd = nullptr;
  float* output = nullptr;  // [rows,H]

  void take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t rows);
};

// Buffers that the parts use one after another. R rows, H hidden_size, I intermediate_size.
struct Scratch {
  float* projected = nullptr;          // [R,H]
  float* activated = nullptr;          // [R,I]
  float* d_hidden = nullptr;           // [R,H]: the gradient of a layer's output, then of its input
  float* d_residual = nullptr;         // [R,H]: of the output of the attention half
  float* d_intermediate = nullptr;     // [R,I]
  float* d_query_key_value = nullptr;  // [R,3H]
  float* partial_sums = nullptr;       // [blocks of kRowBlock rows, max(3H, I)]
  float* low_rank = nullptr;           // Linear::scratch_size(R)

  void take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t rows, bool training,
                   std::int64_t low_rank_size);
};

void residual_forward(const Block& block, kernels::DropoutSite site, const Linear& projection,
                      const LayerNorm& norm, const float* x, const float* input,
                      ResidualActivations& activations, Scratch& scratch);

// Computes, from d_output [rows,H], which `producer` completes, d_input, the part that reaches the input
// directly, and scratch.projected, the gradient of the projection's output. d_input may be d_output.
void residual_backward(const Block& block, kernels::DropoutSite site, const Linear& projection,
                       const LayerNorm& norm, const kernels::Matmul* producer, const float* d_output,
                       const ResidualActivations& activations, float* d_input, Scratch& scratch);

}  // namespace bertune::model
