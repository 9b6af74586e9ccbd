// Pooler and classifier: logits from each sequence's [CLS] vector, and the loss (Transformers' BertPooler and
// the head of BertForSequenceClassification).
#pragma once

#include <cstdint>
#include <span>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "core/arena.h"
#include "model/tensor.h"
#include "model/weights.h"

namespace bertune::model {

// problem_type, or what Transformers makes of its absence: regression for one label, else classes for class
// ids and multi-label for targets.
ProblemType effective_problem_type(const BertConfig& config, const Batch& batch);

class ClassificationHead {
 public:
  explicit ClassificationHead(const BertConfig& config) : config_(config) {}

  void take_memory(Arena& arena, std::int64_t sequences, bool training);

  // Logits [sequences, num_labels] from the first tokens' hidden states [sequences,H], which backward reads
  // again.
  const float* forward(const ClassificationHeadWeights& weights, const Pass& pass, const float* hidden);
  // The mean loss of the last forward's logits.
  double loss(const Batch& batch, ProblemType type);
  // d_hidden [sequences,H], the gradient of the loss times `scale`. Adds the gradients of the weights.
  void backward(const ClassificationHeadWeights& weights, const Pass& pass, const Batch& batch,
                ProblemType type, float scale, float* d_hidden);

 private:
  kernels::Dropout dropout(const Pass& pass) const;
  double loss_and_gradient(const Batch& batch, ProblemType type, float* d_logits) const;

  const BertConfig& config_;
  const float* hidden_ = nullptr;                  // [sequences,H]
  float* pooled_input_ = nullptr;                  // [sequences,H]: the pooler before tanh
  float *pooled_ = nullptr, *dropped_ = nullptr;   // [sequences,H]
  float *logits_ = nullptr, *d_logits_ = nullptr;  // [sequences,num_labels]
  float *d_pooled_ = nullptr, *partial_sums_ = nullptr;
};

}  // namespace bertune::model
