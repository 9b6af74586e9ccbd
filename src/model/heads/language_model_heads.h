// Masked language modeling (Transformers' BertLMPredictionHead, RobertaLMHead, ...) and pre-training, which
// adds next-sentence prediction.
#pragma once

#include "model/heads/head.h"
#include "model/heads/output_layer.h"
#include "model/heads/pooler.h"

namespace bertune::model {

// Hidden states of the tokens to predict through a dense layer, activation and LayerNorm, then times the
// matrix of the word embeddings, plus a bias (Devlin et al. 2019, 3.1). The other tokens have no logits.
class MaskedLMHead : public Head {
 public:
  // Throws Error where the decoder has a matrix of its own.
  explicit MaskedLMHead(const BertConfig& config);

  HiddenStates reads() const override { return HiddenStates::every_token; }
  bool ties_word_embeddings() const override { return true; }
  void add_parameters(LayoutBuilder& layout) const override;
  void bind(const WeightViews& views) override;
  void take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                   bool training) const override;
  bool check_labels(const Batch& batch) const override;
  void add_loss_inputs(const Batch& batch, kernels::Uploads& uploads, LossInputs& inputs) const override;
  ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels,
                      HeadActivations& activations) const override;
  void backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                float* d_hidden) const override;

 protected:
  LossSupport loss_support() const override {
    return {.what = "masked language modelling", .smoothing = true};
  }

 private:
  double loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const;

  const BertConfig& config_;
  Linear dense_;
  kernels::Activation activation_{};
  LayerNorm norm_;
  Linear decoder_;  // its weight is the word embeddings'
};

class PreTrainingHead : public Head {
 public:
  explicit PreTrainingHead(const BertConfig& config)
      : config_(config),
        masked_lm_(config),
        pooler_(config, *checkpoint::family_of(config).next_sentence),
        seq_relationship_(config, "cls.seq_relationship", 2) {}

  HiddenStates reads() const override { return HiddenStates::every_token; }
  bool ties_word_embeddings() const override { return true; }
  void add_parameters(LayoutBuilder& layout) const override;
  void bind(const WeightViews& views) override;
  void take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                   bool training) const override;
  LossItems loss_items(const Batch& batch) const override;
  bool check_labels(const Batch& batch) const override;
  void add_loss_inputs(const Batch& batch, kernels::Uploads& uploads, LossInputs& inputs) const override;
  ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels,
                      HeadActivations& activations) const override;
  void backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                float* d_hidden) const override;

 protected:
  LossSupport loss_support() const override { return {.what = "pre-training with next sentences"}; }

 private:
  double next_sentence_loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const;

  const BertConfig& config_;
  MaskedLMHead masked_lm_;
  Pooler pooler_;
  OutputLayer seq_relationship_;
};

}  // namespace bertune::model
