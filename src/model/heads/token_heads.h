// Heads over every token's hidden state: token classification and question answering.
#pragma once

#include <string>
#include <utility>

#include "model/heads/head.h"
#include "model/heads/output_layer.h"

namespace bertune::model {

class TokenHead : public Head {
 public:
  HiddenStates reads() const override { return HiddenStates::every_token; }
  void add_parameters(LayoutBuilder& layout) const override;
  void bind(const WeightViews& views) override;
  void take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                   bool training) const override;
  ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels,
                      HeadActivations& activations) const override;
  void backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                float* d_hidden) const override;

 protected:
  TokenHead(const BertConfig& config, std::string name, std::int64_t outputs, float dropout)
      : config_(config), dropout_(dropout), classifier_(config, std::move(name), outputs) {}
  // The mean loss of the logits [tokens, outputs]; or only its gradient, unless that is null (Pass::loss).
  virtual double loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const = 0;

  const BertConfig& config_;

 private:
  kernels::Dropout dropout(const Pass& pass) const {
    return pass.dropout(dropout_, kernels::DropoutSite::pooled, 0);
  }

  float dropout_;
  OutputLayer classifier_;
};

class TokenClassificationHead : public TokenHead {
 public:
  explicit TokenClassificationHead(const BertConfig& config);
  bool check_labels(const Batch& batch) const override;

 protected:
  LossSupport loss_support() const override {
    return {"tokens with labels", true, true, config_.num_labels()};
  }
  double loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const override;
};

// The loss is the mean of two cross-entropies, of the start and of the end, over the tokens of a sequence.
// Transformers counts the padding of a batch as more places where an answer could begin; here there is none.
class QuestionAnsweringHead : public TokenHead {
 public:
  explicit QuestionAnsweringHead(const BertConfig& config);
  LossItems loss_items(const Batch& batch) const override;
  bool check_labels(const Batch& batch) const override;

 protected:
  LossSupport loss_support() const override { return {.what = "question answering"}; }
  double loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const override;
};

}  // namespace bertune::model
