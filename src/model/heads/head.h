// A task head on the encoder: from hidden states to logits and loss, and back. One head a Transformers class
// BertFor... Once bound to weights, a head does not change: what it computes goes to a workspace.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/loss.h"
#include "bertune/model.h"
#include "kernels/arena.h"
#include "kernels/uploads.h"
#include "model/heads/head_activations.h"
#include "model/layers/tensor.h"

namespace bertune::model {

class LayoutBuilder;
class WeightViews;

// The largest batch that memory is planned for.
struct BatchSize {
  std::int64_t tokens = 0, sequences = 0;
  std::int64_t predictions = 0;  // tokens with a label of their own (masked ones)
  std::int64_t targets = 0;      // numbers of Batch::targets
  std::int64_t windows = 0;      // of texts (Batch::windows)

  bool fits(const BatchSize& other) const {
    return tokens <= other.tokens && sequences <= other.sequences && predictions <= other.predictions &&
           targets <= other.targets && windows <= other.windows;
  }
  BatchSize or_more(const BatchSize& other) const {
    return {std::max(tokens, other.tokens), std::max(sequences, other.sequences),
            std::max(predictions, other.predictions), std::max(targets, other.targets),
            std::max(windows, other.windows)};
  }
};

// The options of LossOptions that have a meaning for a head.
struct LossSupport {
  std::string_view what;                    // "question answering"
  bool smoothing = false, classes = false;  // classes: weights and focal loss
  std::int64_t num_classes = 0;
};

class Head {
 public:
  virtual ~Head() = default;

  virtual HiddenStates reads() const = 0;
  // Returns whether the word embeddings are the decoder too, and so get a gradient in every row.
  virtual bool ties_word_embeddings() const { return false; }
  // Adds what bind() will look for, beside the encoder's.
  virtual void add_parameters(LayoutBuilder& layout) const = 0;
  // Takes views of the weights; of the products with them, only those that are large are of bf16 numbers.
  virtual void bind(const WeightViews& views) = 0;
  virtual void take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                           bool training) const = 0;

  // Throws UsageError for options that mean nothing to this head, or are out of range.
  void set_loss(const LossOptions& options);
  const LossOptions& loss_options() const { return loss_; }
  // Returns the denominators of the mean losses of a batch with labels.
  virtual LossItems loss_items(const Batch& batch) const;

  // Returns whether the batch has labels. Throws Error when they do not fit the batch or the configuration.
  virtual bool check_labels(const Batch& batch) const = 0;
  // Adds what the loss of a batch with labels reads to what is copied to memory of the table; the copy sets
  // the pointers of `inputs`, which must stay where they are until then.
  virtual void add_loss_inputs(const Batch& batch, kernels::Uploads& uploads, LossInputs& inputs) const;
  // Logits from the hidden states [rows,H], which backward reads again, in memory of the table; with labels
  // also the loss.
  virtual ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels,
                              HeadActivations& activations) const = 0;
  // d_hidden [rows,H] (overwritten; null: not wanted), the gradient of the last forward's loss times `scale`.
  // Adds the gradients of the weights that are trained.
  virtual void backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                        float* d_hidden) const = 0;

 protected:
  // Returns the options that have a meaning for this head.
  virtual LossSupport loss_support() const = 0;
  // The loss of class ids, with the options; or only its gradient, unless that is null (Pass::loss).
  double cross_entropy(const Pass& pass, std::int64_t rows, std::int64_t classes, const float* logits,
                       const std::int32_t* labels, double global_items, float* d_logits) const;
  double label_items(const std::vector<std::int32_t>& labels) const;  // each as its weight

  LossOptions loss_;
};

// Throws UsageError where the family has no such head (class_name()).
std::unique_ptr<Head> make_head(Architecture architecture, const BertConfig& config);

}  // namespace bertune::model
