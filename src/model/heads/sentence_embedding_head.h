// Sentence embeddings as the sentence-transformers package makes them: pooling over the tokens of a sequence,
// perhaps normalization, and its losses over pairs of texts; or over all pairs of a batch's texts. There are
// no weights beside the encoder's.
#pragma once

#include "model/heads/head.h"

namespace bertune::model {

class SentenceEmbeddingHead : public Head {
 public:
  explicit SentenceEmbeddingHead(const BertConfig& config) : config_(config) {}

  HiddenStates reads() const override;
  void add_parameters(LayoutBuilder&) const override {}
  void bind(const WeightViews&) override {}
  void take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                   bool training) const override;
  LossItems loss_items(const Batch& batch) const override;
  bool check_labels(const Batch& batch) const override;
  ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels,
                      HeadActivations& activations) const override;
  void backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                float* d_hidden) const override;

 protected:
  LossSupport loss_support() const override { return {.what = "sentence embeddings"}; }

 private:
  using Activations = SentenceEmbeddingActivations;

  bool pools() const { return reads() == HiddenStates::every_token; }
  kernels::PoolRows pool(const Pass& pass, const Activations& own) const;
  // Returns the normalization of the first texts, or of the second ones.
  kernels::NormalizeRows normalize(const Batch& batch, const Activations& own, bool first) const;
  void normalize_sides_backward(const Pass& pass, const Batch& batch, const Activations& own, float scale,
                                float* d_pooled) const;
  kernels::RowDots dots(const Batch& batch, const Activations& own) const;
  Linear second_texts(const Batch& batch, const Activations& own) const;
  // Computes similarities from pooled rows: of each pair, or for ranking of each first text with each second
  // one.
  void compare(const Pass& pass, const Batch& batch, const Activations& own) const;
  // Computes the gradients of both sides from those of the similarities.
  void compare_backward(const Pass& pass, const Batch& batch, const Activations& own) const;
  // The same where each text is compared with each.
  kernels::NormalizeRows normalize_all(const Batch& batch, const Activations& own) const;
  Linear all_texts(const Batch& batch, const Activations& own) const;
  // The mean loss of the similarities; or only their gradients, unless these are null (Pass::loss).
  double loss(const Pass& pass, const Batch& batch, const Activations& own, float* d_similarities) const;

  const BertConfig& config_;
};

}  // namespace bertune::model
