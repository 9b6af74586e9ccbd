// The second half of a layer: hidden -> intermediate -> activation -> hidden, and the residual step
// (Transformers' BertIntermediate and BertOutput).
#pragma once

#include "model/layers/block.h"
#include "model/weights.h"

namespace bertune::model {

struct FeedForwardActivations {
  float* intermediate = nullptr;  // [rows,I], before the activation function
  ResidualActivations residual;

  void take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t rows);
};

void feed_forward(const Block& block, const EncoderLayerWeights& weights, const float* input,
                  FeedForwardActivations& activations, Scratch& scratch);

// Computes, from scratch.d_hidden, the gradient of the output, which `producer` completes (null: complete),
// scratch.d_residual, the gradient of the input, which is there once the returned product is made. Adds the
// gradients of the weights.
kernels::Matmul feed_forward_backward(const Block& block, const EncoderLayerWeights& weights,
                                      const kernels::Matmul* producer, const float* input,
                                      const FeedForwardActivations& activations, Scratch& scratch);

}  // namespace bertune::model
