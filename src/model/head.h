// What stands on the encoder: from hidden states to logits and loss, and back. One head a Transformers class
// BertFor...
#pragma once

#include <cstdint>
#include <memory>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/model.h"
#include "bertune/parameters.h"
#include "core/arena.h"
#include "model/tensor.h"

namespace bertune::model {

class LayoutBuilder;

// The largest batch that memory is planned for.
struct BatchSize {
  std::int64_t tokens = 0, sequences = 0;
  std::int64_t predictions = 0;  // tokens with a label of their own (masked ones)
};

class Head {
 public:
  virtual ~Head() = default;

  virtual HiddenStates reads() const = 0;
  // Whether the word embeddings are the decoder too, and so get a gradient in every row.
  virtual bool ties_word_embeddings() const { return false; }
  // Adds what bind() will look for, beside the encoder's.
  virtual void add_parameters(LayoutBuilder& layout) const = 0;
  // Takes views of the weights, and of their gradients when asked for. bf16: of large matrix products.
  virtual void bind(Parameters& parameters, bool with_gradients, bool bf16) = 0;
  virtual void take_memory(Arena& arena, const BatchSize& size, bool training) = 0;

  // Whether the batch has labels. Throws Error when they do not fit the batch or the configuration.
  virtual bool check_labels(const Batch& batch) const = 0;
  // Logits from the hidden states [rows,H], which backward reads again; with labels also the loss.
  virtual ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels) = 0;
  // d_hidden [rows,H] (overwritten), the gradient of the last forward's loss times `scale`. Adds the
  // gradients of the weights.
  virtual void backward(const Pass& pass, const Batch& batch, float scale, float* d_hidden) = 0;
};

// Throws UsageError where the family has no such head (class_name()).
std::unique_ptr<Head> make_head(Architecture architecture, const BertConfig& config);

}  // namespace bertune::model
