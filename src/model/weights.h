// Which parameters a BERT has, under the names of the checkpoint, and how its layers see them.
#pragma once

#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/parameters.h"
#include "model/tensor.h"

namespace bertune::model {

// The parameters of BertForSequenceClassification, in the order of the flat buffer: from the input to the
// head. Query, key and value are neighbours, so that they are one [3H, H] matrix.
std::vector<Parameter> sequence_classification_layout(const BertConfig& config);

struct EmbeddingWeights {
  Tensor word, position, token_type;
  LayerNorm norm;
};
struct EncoderLayerWeights {
  Linear query_key_value, attention_output, intermediate, output;
  LayerNorm attention_norm, output_norm;
};
struct EncoderWeights {
  EmbeddingWeights embeddings;
  std::vector<EncoderLayerWeights> layers;
};
struct ClassificationHeadWeights {
  Linear pooler, classifier;
};

// Views into `parameters`; gradients are left out unless asked for. bf16: of the encoder's matrix products.
EncoderWeights encoder_weights(const BertConfig& config, Parameters& parameters, bool with_gradients,
                               bool bf16);
ClassificationHeadWeights classification_head_weights(const BertConfig& config, Parameters& parameters,
                                                      bool with_gradients);

// normal(0, initializer_range) for matrices, zero for biases, one for LayerNorm weights (Transformers'
// BertPreTrainedModel._init_weights). A function of seed and name alone.
void initialize(const BertConfig& config, Parameters& parameters, const Parameter& parameter,
                std::uint64_t seed);

}  // namespace bertune::model
