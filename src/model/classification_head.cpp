#include "model/classification_head.h"

#include <algorithm>

#include "kernels/ops.h"

namespace bertune::model {

using kernels::Activation;
using kernels::ops;

ProblemType effective_problem_type(const BertConfig& config, const Batch& batch) {
  if (config.problem_type) return *config.problem_type;
  if (config.num_labels() == 1) return ProblemType::regression;
  return batch.targets.empty() ? ProblemType::single_label_classification
                               : ProblemType::multi_label_classification;
}

void ClassificationHead::take_memory(Arena& arena, std::int64_t sequences, bool training) {
  const std::int64_t wide = sequences * config_.hidden_size, narrow = sequences * config_.num_labels();
  pooled_input_ = arena.take(wide), pooled_ = arena.take(wide);
  dropped_ = arena.take(wide), logits_ = arena.take(narrow);
  if (!training) return;
  d_logits_ = arena.take(narrow);
  d_pooled_ = arena.take(wide);
  partial_sums_ = arena.take((sequences + kernels::kRowBlock - 1) / kernels::kRowBlock * config_.hidden_size);
}

kernels::Dropout ClassificationHead::dropout(const Pass& pass) const {
  return pass.dropout(config_.classifier_dropout.value_or(config_.hidden_dropout_prob),
                      kernels::DropoutSite::pooled, 0);
}

const float* ClassificationHead::forward(const ClassificationHeadWeights& weights, const Pass& pass,
                                         const float* hidden) {
  const std::int64_t h = config_.hidden_size, sequences = pass.layout.sequences;
  hidden_ = hidden;
  const kernels::Matmul pooler = weights.pooler.output(sequences, hidden, pooled_input_);
  ops().activation_forward(
      {Activation::tanh, sequences, h, pooled_input_, weights.pooler.bias.value, pooled_, &pooler});
  const kernels::Dropout pooled_dropout = dropout(pass);
  const float* features = pooled_;
  if (pooled_dropout.probability > 0) {
    ops().dropout_rows({sequences, h, pass.layout.sequence[0], pooled_dropout, pooled_, dropped_});
    features = dropped_;
  } else {
    std::copy_n(pooled_, sequences * h, dropped_);
  }
  const kernels::Matmul classifier = weights.classifier.output(sequences, features, logits_);
  ops().add_bias({sequences, config_.num_labels(), logits_, weights.classifier.bias.value, &classifier});
  return logits_;
}

double ClassificationHead::loss_and_gradient(const Batch& batch, ProblemType type, float* d_logits) const {
  const std::int64_t rows = batch.sequences(), labels = config_.num_labels();
  switch (type) {
    case ProblemType::single_label_classification:
      return ops().cross_entropy({rows, labels, logits_, batch.labels.data(), d_logits});
    case ProblemType::multi_label_classification:
      return ops().binary_cross_entropy({rows, labels, logits_, batch.targets.data(), d_logits});
    case ProblemType::regression:
      return ops().mean_squared_error({rows, labels, logits_, batch.targets.data(), d_logits});
  }
  return 0;
}

double ClassificationHead::loss(const Batch& batch, ProblemType type) {
  return loss_and_gradient(batch, type, nullptr);
}

void ClassificationHead::backward(const ClassificationHeadWeights& weights, const Pass& pass,
                                  const Batch& batch, ProblemType type, float scale, float* d_hidden) {
  const std::int64_t h = config_.hidden_size, sequences = pass.layout.sequences,
                     labels = config_.num_labels();
  loss_and_gradient(batch, type, d_logits_);
  for (std::int64_t i = 0; i < sequences * labels; ++i) d_logits_[i] *= scale;
  ops().column_sums({sequences, labels, d_logits_, weights.classifier.bias.gradient});
  ops().matmul(weights.classifier.weight_gradient(sequences, d_logits_, dropped_));
  ops().matmul(weights.classifier.input_gradient(sequences, d_logits_, d_pooled_, false));
  const kernels::Dropout pooled_dropout = dropout(pass);
  if (pooled_dropout.probability > 0) {
    ops().dropout_rows({sequences, h, pass.layout.sequence[0], pooled_dropout, d_pooled_, d_pooled_});
  }
  ops().activation_backward({.activation = Activation::tanh,
                             .rows = sequences,
                             .n = h,
                             .x = pooled_input_,
                             .dy = d_pooled_,
                             .dx = d_pooled_,
                             .d_bias = weights.pooler.bias.gradient,
                             .partial_sums = partial_sums_});
  ops().matmul(weights.pooler.weight_gradient(sequences, d_pooled_, hidden_));
  ops().matmul(weights.pooler.input_gradient(sequences, d_pooled_, d_hidden, false));
}

}  // namespace bertune::model
