// Heads over the first token's features: sequence classification, multiple choice, next-sentence prediction.
#pragma once

#include "model/heads/head.h"
#include "model/heads/output_layer.h"
#include "model/heads/pooler.h"

namespace bertune::model {

// problem_type, or what Transformers makes of its absence: regression for one label, else classes for class
// ids and multi-label for targets.
ProblemType effective_problem_type(const BertConfig& config, const Batch& batch);

class PooledHead : public Head {
 public:
  PooledHead(const BertConfig& config, const checkpoint::PooledHead& head, std::int64_t outputs);

  HiddenStates reads() const override { return HiddenStates::first_token; }
  void add_parameters(LayoutBuilder& layout) const override;
  void bind(const WeightViews& views) override;
  void take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                   bool training) const override;
  ModelOutput forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels,
                      HeadActivations& activations) const override;
  void backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                float* d_hidden) const override;

 protected:
  // The mean loss of the logits [texts, outputs]; or only its gradient, unless that is null (Pass::loss).
  virtual double loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const;

  const BertConfig& config_;

 private:
  kernels::PoolRows pooling(const Pass& pass, const Batch& batch, const WindowActivations& windows) const;

  std::int64_t outputs_;
  Pooler pooler_;
  OutputLayer classifier_;
};

class SequenceClassificationHead : public PooledHead {
 public:
  explicit SequenceClassificationHead(const BertConfig& config);
  LossItems loss_items(const Batch& batch) const override;
  bool check_labels(const Batch& batch) const override;

 protected:
  LossSupport loss_support() const override;
  double loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const override;
};

class MultipleChoiceHead : public PooledHead {
 public:
  explicit MultipleChoiceHead(const BertConfig& config);
  bool check_labels(const Batch& batch) const override;

 protected:
  LossSupport loss_support() const override {
    return {.what = "multiple choice: a question's choices are no classes", .smoothing = true};
  }
  double loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const override;
};

class NextSentenceHead : public PooledHead {
 public:
  explicit NextSentenceHead(const BertConfig& config);
  bool check_labels(const Batch& batch) const override;

 protected:
  LossSupport loss_support() const override {
    return {.what = "next-sentence prediction", .smoothing = true};
  }
};

}  // namespace bertune::model
