// BERT's encoder: embeddings and a stack of Transformer layers, forward and backward (Devlin et al. 2019;
// Transformers' BertEmbeddings and BertEncoder).
#pragma once

#include <cstdint>
#include <vector>

#include "bertune/config.h"
#include "core/arena.h"
#include "model/encoder_layer.h"
#include "model/tensor.h"
#include "model/weights.h"

namespace bertune::model {

class Encoder {
 public:
  explicit Encoder(const BertConfig& config) : config_(config) {}

  // Takes this encoder's activations from `arena` for a batch of up to `tokens` tokens. Only training keeps
  // what every layer computed.
  void take_memory(Arena& arena, std::int64_t tokens, bool training);

  // The last layer's hidden states [T,H], valid until the next forward.
  const float* forward(const EncoderWeights& weights, const Pass& pass);
  // Where the gradient of those hidden states goes before backward() [T,H].
  float* output_gradient() { return scratch_.d_hidden; }
  // Adds the gradients of all weights.
  void backward(const EncoderWeights& weights, const Pass& pass);

 private:
  const BertConfig& config_;
  float *embedding_sum_ = nullptr, *embedding_mean_ = nullptr, *embedding_rstd_ = nullptr;
  float* embedding_output_ = nullptr;
  std::vector<LayerActivations> activations_;  // one a layer in training, else one for all
  LayerScratch scratch_;
};

}  // namespace bertune::model
