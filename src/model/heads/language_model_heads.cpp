#include "model/heads/language_model_heads.h"

#include <algorithm>

#include "bertune/error.h"
#include "core/parallel.h"
#include "kernels/ops.h"
#include "model/heads/labels.h"
#include "model/weights.h"

namespace bertune::model {

using kernels::ops;

namespace {

constexpr const char *kDense = "cls.predictions.transform.dense",
                     *kNorm = "cls.predictions.transform.LayerNorm", *kBias = "cls.predictions.bias";

}  // namespace

MaskedLMHead::MaskedLMHead(const BertConfig& config) : config_(config) {
  if (config.tie_word_embeddings) return;
  throw Error(
      "\"tie_word_embeddings\" in config.json is false: this model predicts words with a matrix of its own, "
      "which "
      "is not supported; masked language models here share that of the word embeddings");
}

kernels::Activation MaskedLMHead::activation() const {
  return kernels::activation_from_string(checkpoint::family_of(config_).masked_lm_activation(config_));
}

void MaskedLMHead::add_parameters(LayoutBuilder& layout) const {
  layout.linear(kDense, config_.hidden_size, config_.hidden_size);
  layout.layer_norm(kNorm, config_.hidden_size);
  layout.bias(kBias, config_.vocab_size);
}

void MaskedLMHead::bind(Parameters& parameters, bool with_gradients, bool bf16) {
  const WeightViews views(parameters, config_.model_type, with_gradients, bf16);
  const std::int64_t h = config_.hidden_size;
  dense_ = views.linear(kDense, h, h);
  norm_ = views.layer_norm(kNorm);
  decoder_ = {views.tensor("bert.embeddings.word_embeddings.weight"), views.tensor(kBias), h,
              config_.vocab_size, bf16};
}

void MaskedLMHead::take_memory(Arena& arena, const BatchSize& size, bool training) {
  const std::int64_t p = size.predictions, h = config_.hidden_size;
  input_ = arena.take(p * h), dense_output_ = arena.take(p * h), activated_ = arena.take(p * h);
  normalized_ = arena.take(p * h), mean_ = arena.take(p), rstd_ = arena.take(p);
  logits_ = arena.take(p * config_.vocab_size);
  if (!training) return;
  d_logits_ = arena.take(p * config_.vocab_size);
  d_rows_ = arena.take(p * h);
  partial_sums_ = arena.take(block_count(p, kernels::kRowBlock) * 3 * h);
}

bool MaskedLMHead::check_labels(const Batch& batch) const {
  if (batch.labels.empty()) return false;
  check_class_ids(batch.labels, batch.tokens(), "token", config_.vocab_size);
  return true;
}

ModelOutput MaskedLMHead::forward(const Pass&, const Batch& batch, const float* hidden, bool has_labels) {
  tokens_.clear(), labels_.clear();
  for (std::size_t t = 0; has_labels && t < batch.labels.size(); ++t) {
    if (batch.labels[t] == kIgnoredLabel) continue;
    tokens_.push_back(static_cast<std::int32_t>(t));
    labels_.push_back(batch.labels[t]);
  }
  const std::int64_t p = predictions(), h = config_.hidden_size;
  if (p == 0) return {};
  ops().gather_rows({p, h, tokens_.data(), const_cast<float*>(hidden), input_});
  const kernels::Matmul dense = dense_.output(p, input_, dense_output_);
  ops().activation_forward({activation(), p, h, dense_output_, dense_.bias.value, activated_, &dense});
  ops().layer_norm_forward({.layout = {.tokens = p},
                            .hidden_size = h,
                            .epsilon = config_.layer_norm_eps,
                            .dropout = {},
                            .gamma = norm_.gamma.value,
                            .beta = norm_.beta.value,
                            .sum = activated_,
                            .y = normalized_,
                            .mean = mean_,
                            .rstd = rstd_});
  const kernels::Matmul product = decoder_.output(p, normalized_, logits_);
  ops().add_bias({p, config_.vocab_size, logits_, decoder_.bias.value, &product});
  ModelOutput output;
  output.logits = {logits_, static_cast<std::size_t>(p * config_.vocab_size)};
  output.loss = static_cast<float>(
      cross_entropy(p, config_.vocab_size, logits_, labels_, batch.global_items.first, nullptr));
  output.masked_lm_loss = output.loss;
  return output;
}

void MaskedLMHead::backward(const Pass& pass, const Batch& batch, float scale, float* d_hidden) {
  const std::int64_t p = predictions(), h = config_.hidden_size;
  if (d_hidden != nullptr) std::fill_n(d_hidden, pass.layout.tokens * h, 0.0F);
  if (p == 0) return;
  cross_entropy(p, config_.vocab_size, logits_, labels_, batch.global_items.first, d_logits_);
  if (scale != 1) {
    for (std::int64_t i = 0; i < p * config_.vocab_size; ++i) d_logits_[i] *= scale;
  }
  ops().column_sums({p, config_.vocab_size, d_logits_, decoder_.bias.gradient});
  decoder_.add_weight_gradient(p, d_logits_, normalized_);
  const kernels::Matmul d_normalized = decoder_.input_gradient(p, d_logits_, d_rows_, false);
  ops().layer_norm_backward({.layout = {.tokens = p},
                             .hidden_size = h,
                             .dropout = {},
                             .dy = d_rows_,
                             .sum = activated_,
                             .mean = mean_,
                             .rstd = rstd_,
                             .gamma = norm_.gamma.value,
                             .d_sum = d_rows_,
                             .d_gamma = norm_.gamma.gradient,
                             .d_beta = norm_.beta.gradient,
                             .partial_sums = partial_sums_,
                             .producer = &d_normalized});
  ops().activation_backward({.activation = activation(),
                             .rows = p,
                             .n = h,
                             .x = dense_output_,
                             .dy = d_rows_,
                             .dx = d_rows_,
                             .d_bias = dense_.bias.gradient,
                             .partial_sums = partial_sums_});
  dense_.add_weight_gradient(p, d_rows_, input_);
  if (d_hidden == nullptr) return;
  float* d_input = normalized_;  // no longer needed
  ops().matmul(dense_.input_gradient(p, d_rows_, d_input, false));
  ops().add_to_rows({p, h, tokens_.data(), d_hidden, d_input});
}

void PreTrainingHead::add_parameters(LayoutBuilder& layout) const {
  pooler_.add_parameters(layout);
  masked_lm_.add_parameters(layout);
  seq_relationship_.add_parameters(layout);
}

void PreTrainingHead::bind(Parameters& parameters, bool with_gradients, bool bf16) {
  masked_lm_.bind(parameters, with_gradients, bf16);
  pooler_.bind(parameters, with_gradients);
  seq_relationship_.bind(parameters, with_gradients);
}

void PreTrainingHead::take_memory(Arena& arena, const BatchSize& size, bool training) {
  masked_lm_.take_memory(arena, size, training);
  pooler_.take_memory(arena, size.sequences, training);
  seq_relationship_.take_memory(arena, size.sequences, training);
  first_hidden_ = arena.take(size.sequences * config_.hidden_size);
  if (training) d_first_hidden_ = arena.take(size.sequences * config_.hidden_size);
}

bool PreTrainingHead::check_labels(const Batch& batch) const {
  const bool masked = masked_lm_.check_labels(batch);
  if (!batch.next_sentence_labels.empty())
    check_class_ids(batch.next_sentence_labels, batch.sequences(), "sequence", 2);
  return masked || !batch.next_sentence_labels.empty();
}

LossItems PreTrainingHead::loss_items(const Batch& batch) const {
  return {label_items(batch.labels), label_items(batch.next_sentence_labels)};
}

ModelOutput PreTrainingHead::forward(const Pass& pass, const Batch& batch, const float* hidden,
                                     bool has_labels) {
  const std::int64_t sequences = pass.layout.sequences, h = config_.hidden_size;
  ModelOutput output = masked_lm_.forward(pass, batch, hidden, has_labels && !batch.labels.empty());
  ops().gather_rows({sequences, h, pass.layout.cu_seqlens, const_cast<float*>(hidden), first_hidden_});
  output.next_sentence_logits = seq_relationship_.forward(sequences, pooler_.forward(pass, first_hidden_));
  if (!batch.next_sentence_labels.empty()) {
    output.next_sentence_loss =
        static_cast<float>(cross_entropy(sequences, 2, seq_relationship_.logits(), batch.next_sentence_labels,
                                         batch.global_items.second, nullptr));
    output.loss += output.next_sentence_loss;
  }
  return output;
}

void PreTrainingHead::backward(const Pass& pass, const Batch& batch, float scale, float* d_hidden) {
  const std::int64_t sequences = pass.layout.sequences, h = config_.hidden_size;
  masked_lm_.backward(pass, batch, scale, d_hidden);
  if (batch.next_sentence_labels.empty()) return;
  cross_entropy(sequences, 2, seq_relationship_.logits(), batch.next_sentence_labels,
                batch.global_items.second, seq_relationship_.output_gradient());
  seq_relationship_.backward(sequences, scale, pooler_.output_gradient());
  pooler_.backward(pass, d_hidden != nullptr ? d_first_hidden_ : nullptr);
  if (d_hidden != nullptr)
    ops().add_to_rows({sequences, h, pass.layout.cu_seqlens, d_hidden, d_first_hidden_});
}

}  // namespace bertune::model
