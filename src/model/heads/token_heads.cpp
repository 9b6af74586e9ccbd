#include "model/heads/token_heads.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bertune/error.h"
#include "checkpoint/family.h"
#include "model/heads/labels.h"

namespace bertune::model {

void TokenHead::add_parameters(LayoutBuilder& layout) const { classifier_.add_parameters(layout); }

void TokenHead::bind(const WeightViews& views) { classifier_.bind(views); }

void TokenHead::take_memory(HeadActivations& activations, Arena& arena, const BatchSize& size,
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
  return cross_entropy(pass, batch.tokens(), config_.num_labels(), logits, batch.labels,
                       batch.global_items.first, d_logits);
}

namespace {

// A sequence's logits for one end of the answer: every second number of [length, 2].
struct EndLogits {
  const float* logits;
  std::int64_t length;
  double at(std::int64_t token) const { return logits[2 * token]; }
};

double log_sum_exp(const EndLogits& end) {
  double largest = end.at(0), sum = 0;
  for (std::int64_t t = 1; t < end.length; ++t) largest = std::max(largest, end.at(t));
  for (std::int64_t t = 0; t < end.length; ++t) sum += std::exp(end.at(t) - largest);
  return largest + std::log(sum);
}

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

// The mean of -log softmax at `positions` over the sequences that hold theirs; `which`: 0 start, 1 end.
double position_loss(const Batch& batch, const std::vector<std::int32_t>& positions, std::int64_t which,
                     double global_items, const float* logits, float* d_logits) {
  const auto is_counted = [&](std::size_t s) {
    return positions[s] >= 0 && positions[s] < length_of(batch, s);
  };
  const double counted = global_items > 0 ? global_items : count_positions(batch, positions);
  double sum = 0;
  for (std::size_t s = 0; s < positions.size(); ++s) {
    const std::int64_t first = 2 * std::int64_t{batch.cu_seqlens[s]} + which;
    const EndLogits end{logits + first, length_of(batch, s)};
    const double total = log_sum_exp(end);
    if (is_counted(s)) sum += total - end.at(positions[s]);
    for (std::int64_t t = 0; d_logits != nullptr && t < end.length; ++t) {
      const double wanted = t == positions[s] ? 1 : 0;
      d_logits[first + 2 * t] =
          is_counted(s) ? static_cast<float>((std::exp(end.at(t) - total) - wanted) / counted / 2) : 0;
    }
  }
  return counted > 0 ? sum / counted : 0;
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

double QuestionAnsweringHead::loss(const Pass& /*pass*/, const Batch& batch, const float* logits,
                                   float* d_logits) const {
  const LossItems& items = batch.global_items;
  return (position_loss(batch, batch.start_positions, 0, items.first, logits, d_logits) +
          position_loss(batch, batch.end_positions, 1, items.second, logits, d_logits)) /
         2;
}

LossItems QuestionAnsweringHead::loss_items(const Batch& batch) const {
  return {count_positions(batch, batch.start_positions), count_positions(batch, batch.end_positions)};
}

}  // namespace bertune::model
