// One Transformer layer: self-attention and feed-forward, each followed by dropout, residual and LayerNorm
// (Transformers' BertLayer).
#pragma once

#include <cstdint>

#include "bertune/config.h"
#include "core/arena.h"
#include "model/tensor.h"
#include "model/weights.h"

namespace bertune::model {

// What forward keeps for backward. T tokens, H hidden_size, I intermediate_size.
struct LayerActivations {
  float* query_key_value = nullptr;                            // [T,3H]
  float* log_sum_exp = nullptr;                                // [T,heads]
  float* context = nullptr;                                    // [T,H]
  float* attention_sum = nullptr;                              // [T,H], before LayerNorm
  float *attention_mean = nullptr, *attention_rstd = nullptr;  // [T]
  float* attention_output = nullptr;                           // [T,H]
  float* intermediate = nullptr;                               // [T,I], before the activation
  float* output_sum = nullptr;                                 // [T,H], before LayerNorm
  float *output_mean = nullptr, *output_rstd = nullptr;        // [T]
  float* output = nullptr;                                     // [T,H]

  void take_memory(Arena& arena, const BertConfig& config, std::int64_t tokens);
};

// What layers use one after another.
struct LayerScratch {
  float* projected = nullptr;   // [T,H]
  float* activated = nullptr;   // [T,I]
  float* d_hidden = nullptr;    // [T,H]: on entry the gradient of the layer's output, on return of its input
  float* d_residual = nullptr;  // [T,H]
  float* d_intermediate = nullptr;     // [T,I]
  float* d_query_key_value = nullptr;  // [T,3H]
  float* partial_sums = nullptr;       // [blocks of kRowBlock tokens, max(3H, I)]

  void take_memory(Arena& arena, const BertConfig& config, std::int64_t tokens, bool training);
};

// activations.output from `input` [T,H]. In evaluation `input` may be activations.output itself.
void layer_forward(const BertConfig& config, const EncoderLayerWeights& weights, std::int64_t layer,
                   const Pass& pass, const float* input, LayerActivations& activations,
                   LayerScratch& scratch);

// scratch.d_hidden: from the gradient of the output to that of the input. Adds the gradients of the weights.
void layer_backward(const BertConfig& config, const EncoderLayerWeights& weights, std::int64_t layer,
                    const Pass& pass, const float* input, const LayerActivations& activations,
                    LayerScratch& scratch);

}  // namespace bertune::model
