#include "model/heads/token_heads.h"

#include <fmt/format.h>

#include "bertune/error.h"
#include "checkpoint/family.h"
#include "model/heads/labels.h"

namespace bertune::model {

void TokenHead::add_parameters(LayoutBuilder& layout) const { classifier_.add_parameters(layout); }

void TokenHead::bind(const WeightViews& views) { classifier_.bind(views); }

void TokenHead::take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                            bool training) const {
  classifier_.take_memory(activations.output, arena, size.tokens, training);
  if (training && dropout_ > 0) activations.dropped_hidden = arena.take(size.tokens * config_.hidden_size);
}

ModelOutput TokenHead::forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels,
                               HeadActivations& activations) const {
  const float* features =
      pass.dropped(pass.layout, config_.hidden_size, dropout(pass), hidden, activations.dropped_hidden);
  ModelOutput output;
  output.logits = classifier_.forward(pass, pass.layout.tokens, features, activations.output);
  if (has_labels) output.loss = static_cast<float>(loss(pass, batch, output.logits.data(), nullptr));
  return output;
}

void TokenHead::backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                         float* d_hidden) const {
  loss(pass, batch, activations.output.logits, activations.output.d_logits);
  classifier_.backward(pass, pass.layout.tokens, scale, activations.output, d_hidden);
  pass.drop(pass.layout, config_.hidden_size, dropout(pass), d_hidden);
}

TokenClassificationHead::TokenClassificationHead(const BertConfig& config)
    : TokenHead(config, "classifier", config.num_labels(),
                checkpoint::family_of(config).token_classification_dropout(config)) {}

bool TokenClassificationHead::check_labels(const Batch& batch) const {
  if (batch.labels.empty()) return false;
  check_class_ids(batch.labels, batch.tokens(), "token", config_.num_labels());
  return true;
}

double TokenClassificationHead::loss(const Pass& pass, const Batch& batch, const float* logits,
                                     float* d_logits) const {
  return cross_entropy(pass, batch.tokens(), config_.num_labels(), logits, pass.loss_inputs.labels,
                       batch.global_items.first, d_logits);
}

namespace {

std::int64_t length_of(const Batch& batch, std::size_t s) {
  return std::int64_t{batch.cu_seqlens[s + 1]} - batch.cu_seqlens[s];
}

// The sequences that hold the position asked of them.
double count_positions(const Batch& batch, const std::vector<std::int32_t>& positions) {
  double counted = 0;
  for (std::size_t s = 0; s < positions.size(); ++s)
    counted += positions[s] >= 0 && positions[s] < length_of(batch, s) ? 1 : 0;
  return counted;
}

}  // namespace

QuestionAnsweringHead::QuestionAnsweringHead(const BertConfig& config)
    : TokenHead(config, "qa_outputs", 2, config.qa_dropout) {}

bool QuestionAnsweringHead::check_labels(const Batch& batch) const {
  if (batch.start_positions.empty() && batch.end_positions.empty()) return false;
  const auto sequences = static_cast<std::size_t>(batch.sequences());
  if (batch.start_positions.size() != sequences || batch.end_positions.size() != sequences) {
    throw Error(fmt::format("a batch of {} sequences has {} start and {} end positions", sequences,
                            batch.start_positions.size(), batch.end_positions.size()));
  }
  return true;
}

double QuestionAnsweringHead::loss(const Pass& pass, const Batch& batch, const float* logits,
                                   float* d_logits) const {
  return pass.loss(pass.ops().span_loss, {.sequences = batch.sequences(),
                                          .cu_seqlens = pass.layout.cu_seqlens,
                                          .logits = logits,
                                          .starts = pass.loss_inputs.start_positions,
                                          .ends = pass.loss_inputs.end_positions,
                                          .d_logits = d_logits,
                                          .start_items = batch.global_items.first,
                                          .end_items = batch.global_items.second});
}

LossItems QuestionAnsweringHead::loss_items(const Batch& batch) const {
  return {count_positions(batch, batch.start_positions), count_positions(batch, batch.end_positions)};
}

}  // namespace bertune::model
