// Sentence embeddings as the sentence-transformers package makes them: pooling over the tokens of a sequence,
// perhaps normalization, and its losses over pairs of texts. There are no weights beside the encoder's.
#pragma once

#include "model/heads/head.h"

namespace bertune::model {

class SentenceEmbeddingHead : public Head {
 public:
  explicit SentenceEmbeddingHead(const BertConfig& config) : config_(config) {}

  HiddenStates reads() const override;
  void add_parameters(LayoutBuilder&) const override {}
  void bind(Parameters&, bool /*with_gradients*/, bool /*bf16*/) override {}
  void take_memory(Arena& arena, const BatchSize& size, bool training) override;
  LossItems loss_items(const Batch& batch) const override;
  bool check_labels(const Batch& batch) const override;
  ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels) override;
  void backward(const Pass& pass, const Batch& batch, float scale, float* d_hidden) override;

 protected:
  LossSupport loss_support() const override { return {.what = "sentence embeddings"}; }

 private:
  // The first or the second texts of a batch's pairs, normalized.
  struct Side {
    float *unit = nullptr, *d_unit = nullptr, *norms = nullptr;  // [pairs,H], [pairs,H], [pairs]

    void take_memory(Arena& arena, std::int64_t pairs, std::int64_t hidden_size, bool training);
  };

  kernels::PoolRows pool(const Pass& pass, const float* hidden) const;
  kernels::NormalizeRows normalize(const Batch& batch, const Side& side) const;
  // The mean loss of the pairs; with_gradient: also d_unit of both sides.
  double loss(const Batch& batch, bool with_gradient);
  double ranking_loss(const Batch& batch, float* d_similarities);
  double cosine_loss(const Batch& batch, float* d_similarities);

  const BertConfig& config_;
  const float *hidden_ = nullptr, *pooled_ = nullptr;  // what forward read, and made of it [sequences,H]
  float* pooled_rows_ = nullptr;                       // where that lies when it is not the hidden state
  float *embeddings_ = nullptr, *norms_ = nullptr;  // where they are normalized: [sequences,H], [sequences]
  Side first_, second_;
  float *similarities_ = nullptr, *d_similarities_ = nullptr;  // [pairs,pairs], or [pairs] with scores
  float* d_pooled_ = nullptr;                                  // [sequences,H]
};

}  // namespace bertune::model
