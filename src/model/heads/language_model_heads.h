// Masked language modelling (Transformers' BertLMPredictionHead, RobertaLMHead, ...) and pre-training, which
// adds next-sentence prediction.
#pragma once

#include <cstdint>
#include <vector>

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
  void bind(Parameters& parameters, bool with_gradients, bool bf16) override;
  void take_memory(Arena& arena, const BatchSize& size, bool training) override;
  bool check_labels(const Batch& batch) const override;
  ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels) override;
  void backward(const Pass& pass, const Batch& batch, float scale, float* d_hidden) override;

 protected:
  LossSupport loss_support() const override {
    return {.what = "masked language modelling", .smoothing = true};
  }

 private:
  std::int64_t predictions() const { return static_cast<std::int64_t>(tokens_.size()); }

  kernels::Activation activation() const;

  const BertConfig& config_;
  Linear dense_;
  LayerNorm norm_;
  Linear decoder_;                             // its weight is the word embeddings'
  std::vector<std::int32_t> tokens_, labels_;  // [P]: where the predictions are, and what should be there
  float *input_ = nullptr, *dense_output_ = nullptr, *activated_ = nullptr;  // [P,H]
  float *normalized_ = nullptr, *mean_ = nullptr, *rstd_ = nullptr;          // [P,H], [P], [P]
  float *logits_ = nullptr, *d_logits_ = nullptr;                            // [P, vocab_size]
  float *d_rows_ = nullptr, *partial_sums_ = nullptr;
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
  void bind(Parameters& parameters, bool with_gradients, bool bf16) override;
  void take_memory(Arena& arena, const BatchSize& size, bool training) override;
  LossItems loss_items(const Batch& batch) const override;
  bool check_labels(const Batch& batch) const override;
  ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels) override;
  void backward(const Pass& pass, const Batch& batch, float scale, float* d_hidden) override;

 protected:
  LossSupport loss_support() const override { return {.what = "pre-training with next sentences"}; }

 private:
  const BertConfig& config_;
  MaskedLMHead masked_lm_;
  Pooler pooler_;
  OutputLayer seq_relationship_;
  float *first_hidden_ = nullptr, *d_first_hidden_ = nullptr;  // [sequences,H]
};

}  // namespace bertune::model
