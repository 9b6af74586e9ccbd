// The parameters of a BERT, under the names of the checkpoint, and how its layers see them. This code says
// BERT's names; LayoutBuilder and WeightViews turn them into those of the model's family.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/parameters.h"
#include "kernels/buffer.h"
#include "model/layers/tensor.h"

namespace bertune::model {

class Head;

// The endings, after the name of a linear layer, of the matrices that change its weight (LowRank).
inline constexpr const char *kLoraA = ".lora_A.weight", *kLoraB = ".lora_B.weight";

std::string layer_prefix(std::int64_t layer);  // "bert.encoder.layer.3.", BERT's name

// Appends parameters: what kind of thing each is, and so whether weight decay applies to it.
class LayoutBuilder {
 public:
  LayoutBuilder(std::vector<Parameter>& parameters, ModelType type) : parameters_(parameters), type_(type) {}
  void matrix(const std::string& name, std::int64_t rows, std::int64_t columns);
  void bias(const std::string& name, std::int64_t n);
  void linear(const std::string& name, std::int64_t out, std::int64_t in);
  void layer_norm(const std::string& name, std::int64_t n);

 private:
  std::vector<Parameter>& parameters_;
  ModelType type_;
};

// The parameters of a model in the order of the flat buffer: from the input to the head. Query, key and value
// are neighbors, so that they are one [3H, H] matrix.
std::vector<Parameter> parameter_layout(const BertConfig& config, const Head& head);

struct EmbeddingWeights {
  Tensor word, position, token_type;  // token_type: null where the family has none
  LayerNorm norm;
  std::optional<Linear> project;  // to hidden_size, where embeddings have another width
};
// Query, key and value as one linear layer, and each for itself; the gradients are those of the parts where
// not all three are wanted.
struct QueryKeyValue {
  Linear whole;  // [3H,H], without low-rank matrices
  std::array<Linear, 3> parts;

  bool is_trained() const;
  std::int64_t scratch_size(std::int64_t rows) const;
  // Adds the gradients from dy [rows,3H], for x [rows,H]. `sums`: 3H numbers.
  void add_gradients(const Pass& pass, std::int64_t rows, const float* dy, const float* x, float* scratch,
                     float* sums) const;
};
struct EncoderLayerWeights {
  QueryKeyValue query_key_value;
  Linear attention_output, intermediate, output;
  LayerNorm attention_norm, output_norm;
  kernels::Activation activation{};  // between intermediate and output

  bool is_trained() const;
  std::int64_t scratch_size(std::int64_t rows) const;  // the most that a linear of it needs
};
struct EncoderWeights {
  const BertConfig* config = nullptr;
  HiddenStates wanted = HiddenStates::every_token;  // what the last layer computes
  EmbeddingWeights embeddings;
  std::vector<EncoderLayerWeights> layers;

  // The first Parameter::depth of which something is trained; below it no backward runs. Of the head, where
  // all else is frozen.
  std::int64_t lowest_trained_depth() const;
};

struct ViewOptions {
  ModelType type{};
  kernels::Operands operands{};  // of the products of linear()
  float low_rank_scale = 1;      // LoraConfig::scale()
  Parameters* gradients =
      nullptr;  // the parameters once more, where gradients of what is trainable are wanted
};

// Views into parameters by name.
class WeightViews {
 public:
  WeightViews(const Parameters& parameters, const ViewOptions& options)
      : parameters_(parameters), options_(options) {}
  Tensor tensor(const std::string& name) const;
  Linear linear(const std::string& name, std::int64_t in, std::int64_t out) const;
  Linear f32_linear(const std::string& name, std::int64_t in,
                    std::int64_t out) const;  // whatever `operands` are
  LayerNorm layer_norm(const std::string& name) const;

 private:
  const Parameters& parameters_;
  ViewOptions options_;
};

// `config` must outlive them. Throws Error where Bertune has no such activation.
EncoderWeights encoder_weights(const BertConfig& config, const WeightViews& views,
                               HiddenStates wanted = HiddenStates::every_token);

// The linear layers of an encoder layer by name: "encoder.layer.3.attention.self" (query, key and value),
// ".attention.output", ".intermediate", ".output".
std::vector<std::string> encoder_parts(std::int64_t layers);

// The encoder's weights once more, laid out for forward passes that come one after another with few tokens
// each: a product then starts at once, instead of first arranging a matrix that is larger than all its
// inputs. With `int8`, the products of the matrices that it packs are of int8 numbers, but for those of the
// parts that it names; embeddings, attention, normalization and activations stay f32. Holds as long as the
// values do not change.
class PackedWeights {
 public:
  struct Int8 {
    std::span<const std::string> float32_parts;
  };
  PackedWeights(EncoderWeights& weights, const std::optional<Int8>& int8);  // and lets them use it
  std::size_t size_bytes() const { return buffer_.size() * sizeof(float); }

 private:
  kernels::Buffer<float> buffer_;
};

}  // namespace bertune::model
