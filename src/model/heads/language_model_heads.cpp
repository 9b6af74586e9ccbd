#include "model/heads/language_model_heads.h"

#include <algorithm>

#include "bertune/error.h"
#include "core/parallel.h"
#include "model/heads/labels.h"
#include "model/weights.h"

namespace bertune::model {

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

void MaskedLMHead::add_parameters(LayoutBuilder& layout) const {
  layout.linear(kDense, config_.hidden_size, config_.hidden_size);
  layout.layer_norm(kNorm, config_.hidden_size);
  layout.bias(kBias, config_.vocab_size);
}

void MaskedLMHead::bind(const WeightViews& views) {
  const std::int64_t h = config_.hidden_size;
  dense_ = views.linear(kDense, h, h);
  activation_ = kernels::activation_from_string(checkpoint::family_of(config_).masked_lm_activation(config_));
  norm_ = views.layer_norm(kNorm);
  decoder_ = {views.tensor("bert.embeddings.word_embeddings.weight"), views.tensor(kBias), h,
              config_.vocab_size, dense_.operands};
}

void MaskedLMHead::take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                               bool training) const {
  MaskedLMActivations& own = activations.masked_lm;
  const std::int64_t p = size.predictions, h = config_.hidden_size;
  own.input = arena.take(p * h), own.dense_output = arena.take(p * h), own.activated = arena.take(p * h);
  own.normalized = arena.take(p * h), own.mean = arena.take(p), own.rstd = arena.take(p);
  own.logits = arena.take(p * config_.vocab_size);
  if (!training) return;
  own.d_logits = arena.take(p * config_.vocab_size);
  own.d_rows = arena.take(p * h);
  own.partial_sums = arena.take(block_count(p, kernels::kRowBlock) * 3 * h);
}

bool MaskedLMHead::check_labels(const Batch& batch) const {
  if (batch.labels.empty()) return false;
  check_class_ids(batch.labels, batch.tokens(), "token", config_.vocab_size);
  return true;
}

// The tokens to predict, and their labels.
void MaskedLMHead::add_loss_inputs(const Batch& batch, kernels::Uploads& uploads, LossInputs& inputs) const {
  const auto predictions = static_cast<std::size_t>(
      std::ranges::count_if(batch.labels, [](std::int32_t label) { return label != kIgnoredLabel; }));
  inputs.predictions = static_cast<std::int64_t>(predictions);
  const auto add = [&](const std::int32_t*& to, const auto& number_of) {
    auto next = uploads.room(predictions, to).begin();
    for (std::size_t t = 0; t < batch.labels.size(); ++t) {
      if (batch.labels[t] != kIgnoredLabel) *next++ = number_of(t);
    }
  };
  add(inputs.predicted_tokens, [](std::size_t t) { return static_cast<std::int32_t>(t); });
  add(inputs.labels, [&](std::size_t t) { return batch.labels[t]; });
}

ModelOutput MaskedLMHead::forward(const Pass& pass, const Batch& batch, const float* hidden, bool,
                                  HeadActivations& activations) const {
  const MaskedLMActivations& own = activations.masked_lm;
  const std::int64_t p = pass.loss_inputs.predictions, h = config_.hidden_size;
  if (p == 0) return {};
  pass.ops().gather_rows({p, h, pass.loss_inputs.predicted_tokens, hidden, own.input});
  const kernels::Matmul dense = dense_.output(p, own.input, own.dense_output);
  pass.ops().activation_forward(
      {activation_, p, h, own.dense_output, dense_.bias.value, own.activated, &dense});
  pass.ops().layer_norm_forward({.layout = {.tokens = p},
                                 .hidden_size = h,
                                 .epsilon = config_.layer_norm_eps,
                                 .dropout = {},
                                 .gamma = norm_.gamma.value,
                                 .beta = norm_.beta.value,
                                 .sum = own.activated,
                                 .y = own.normalized,
                                 .mean = own.mean,
                                 .rstd = own.rstd});
  const kernels::Matmul product = decoder_.output(p, own.normalized, own.logits);
  pass.ops().add_bias({p, config_.vocab_size, own.logits, decoder_.bias.value, &product});
  ModelOutput output;
  output.logits = {own.logits, static_cast<std::size_t>(p * config_.vocab_size)};
  output.loss = static_cast<float>(loss(pass, batch, own.logits, nullptr));
  output.masked_lm_loss = output.loss;
  return output;
}

double MaskedLMHead::loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const {
  return cross_entropy(pass, pass.loss_inputs.predictions, config_.vocab_size, logits,
                       pass.loss_inputs.labels, batch.global_items.first, d_logits);
}

void MaskedLMHead::backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                            float* d_hidden) const {
  const MaskedLMActivations& own = activations.masked_lm;
  const std::int64_t p = pass.loss_inputs.predictions, h = config_.hidden_size;
  if (d_hidden != nullptr) pass.fill(d_hidden, pass.layout.tokens * h, 0);
  if (p == 0) return;
  loss(pass, batch, own.logits, own.d_logits);
  if (scale != 1) pass.ops().scale({p * config_.vocab_size, own.d_logits, scale});
  decoder_.add_bias_gradient(pass, p, own.d_logits);
  decoder_.add_weight_gradient(pass, p, own.d_logits, own.normalized);
  const kernels::Matmul d_normalized = decoder_.input_gradient(p, own.d_logits, own.d_rows, false);
  pass.ops().layer_norm_backward({.layout = {.tokens = p},
                                  .hidden_size = h,
                                  .dropout = {},
                                  .dy = own.d_rows,
                                  .sum = own.activated,
                                  .mean = own.mean,
                                  .rstd = own.rstd,
                                  .gamma = norm_.gamma.value,
                                  .d_sum = own.d_rows,
                                  .d_gamma = norm_.gamma.gradient.sum(),
                                  .d_beta = norm_.beta.gradient.sum(),
                                  .partial_sums = own.partial_sums,
                                  .producer = &d_normalized});
  pass.ops().activation_backward({.activation = activation_,
                                  .rows = p,
                                  .n = h,
                                  .x = own.dense_output,
                                  .dy = own.d_rows,
                                  .dx = own.d_rows,
                                  .d_bias = dense_.bias.gradient.sum(),
                                  .partial_sums = own.partial_sums});
  dense_.add_weight_gradient(pass, p, own.d_rows, own.input);
  if (d_hidden == nullptr) return;
  float* d_input = own.normalized;  // no longer needed
  pass.matmul(dense_.input_gradient(p, own.d_rows, d_input, false));
  pass.ops().add_to_rows({p, h, pass.loss_inputs.predicted_tokens, d_hidden, d_input});
}

void PreTrainingHead::add_parameters(LayoutBuilder& layout) const {
  pooler_.add_parameters(layout);
  masked_lm_.add_parameters(layout);
  seq_relationship_.add_parameters(layout);
}

void PreTrainingHead::bind(const WeightViews& views) {
  masked_lm_.bind(views);
  pooler_.bind(views);
  seq_relationship_.bind(views);
}

void PreTrainingHead::take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                                  bool training) const {
  masked_lm_.take_memory(activations, arena, size, training);
  pooler_.take_memory(activations.pooler, arena, size.sequences, training);
  seq_relationship_.take_memory(activations.output, arena, size.sequences, training);
  activations.first_hidden = arena.take(size.sequences * config_.hidden_size);
  if (training) activations.d_first_hidden = arena.take(size.sequences * config_.hidden_size);
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

void PreTrainingHead::add_loss_inputs(const Batch& batch, kernels::Uploads& uploads,
                                      LossInputs& inputs) const {
  masked_lm_.add_loss_inputs(batch, uploads, inputs);
  uploads.add(batch.next_sentence_labels, inputs.next_sentence_labels);
}

double PreTrainingHead::next_sentence_loss(const Pass& pass, const Batch& batch, const float* logits,
                                           float* d_logits) const {
  return cross_entropy(pass, batch.sequences(), 2, logits, pass.loss_inputs.next_sentence_labels,
                       batch.global_items.second, d_logits);
}

ModelOutput PreTrainingHead::forward(const Pass& pass, const Batch& batch, const float* hidden,
                                     bool has_labels, HeadActivations& activations) const {
  const std::int64_t sequences = pass.layout.sequences, h = config_.hidden_size;
  float* const first = activations.first_hidden;
  ModelOutput output = masked_lm_.forward(pass, batch, hidden, has_labels, activations);
  pass.ops().gather_rows({sequences, h, pass.layout.cu_seqlens, hidden, first});
  const float* features = pooler_.forward(pass, first, activations.pooler);
  output.next_sentence_logits = seq_relationship_.forward(pass, sequences, features, activations.output);
  if (!batch.next_sentence_labels.empty()) {
    output.next_sentence_loss =
        static_cast<float>(next_sentence_loss(pass, batch, activations.output.logits, nullptr));
    output.loss += output.next_sentence_loss;
  }
  return output;
}

void PreTrainingHead::backward(const Pass& pass, const Batch& batch, float scale,
                               HeadActivations& activations, float* d_hidden) const {
  const std::int64_t sequences = pass.layout.sequences, h = config_.hidden_size;
  masked_lm_.backward(pass, batch, scale, activations, d_hidden);
  if (batch.next_sentence_labels.empty()) return;
  next_sentence_loss(pass, batch, activations.output.logits, activations.output.d_logits);
  seq_relationship_.backward(pass, sequences, scale, activations.output, activations.pooler.d_pooled);
  float* const d_first = d_hidden != nullptr ? activations.d_first_hidden : nullptr;
  pooler_.backward(pass, activations.pooler, d_first);
  if (d_first != nullptr) pass.ops().add_to_rows({sequences, h, pass.layout.cu_seqlens, d_hidden, d_first});
}

}  // namespace bertune::model
