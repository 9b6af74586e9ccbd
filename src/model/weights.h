// Which parameters a BERT has, under the names of the checkpoint, and how its layers see them.
#pragma once

#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/parameters.h"
#include "core/aligned_buffer.h"
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

// The encoder's weights once more, laid out for forward passes that come one after another with few tokens
// each: a product then starts at once, instead of first arranging a matrix that is larger than all its
// inputs. Holds as long as the values do not change.
class PackedWeights {
 public:
  explicit PackedWeights(EncoderWeights& weights);  // and lets them use it

 private:
  AlignedBuffer<float> buffer_;
};

// normal(0, initializer_range) for matrices, zero for biases, one for LayerNorm weights (Transformers'
// BertPreTrainedModel._init_weights). A function of seed and name alone.
void initialize(const BertConfig& config, Parameters& parameters, const Parameter& parameter,
                std::uint64_t seed);

}  // namespace bertune::model
