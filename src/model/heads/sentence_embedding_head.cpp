#include "model/heads/sentence_embedding_head.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "kernels/ops.h"
#include "model/heads/labels.h"

namespace bertune::model {

using kernels::ops;

namespace {

// What the cosines of a batch are multiplied by before the softmax, as in the package: the inverse of a
// temperature of 0.05.
constexpr float kRankingScale = 20;

kernels::PoolKind pool_kind(Pooling pooling) {
  switch (pooling) {
    case Pooling::max:
      return kernels::PoolKind::max;
    case Pooling::mean_sqrt_len_tokens:
      return kernels::PoolKind::mean_sqrt_length;
    default:
      return kernels::PoolKind::mean;
  }
}

}  // namespace

HiddenStates SentenceEmbeddingHead::reads() const {
  return config_.sentence_embedding.pooling == Pooling::cls ? HiddenStates::first_token
                                                            : HiddenStates::every_token;
}

void SentenceEmbeddingHead::Side::take_memory(Arena& arena, std::int64_t pairs, std::int64_t hidden_size,
                                              bool training) {
  unit = arena.take(pairs * hidden_size), norms = arena.take(pairs);
  if (training) d_unit = arena.take(pairs * hidden_size);
}

// Only batches with labels need pairs: `predictions` counts those of ranking, and training has no others.
void SentenceEmbeddingHead::take_memory(Arena& arena, const BatchSize& size, bool training) {
  const std::int64_t h = config_.hidden_size, pairs = size.sequences / 2;
  const std::int64_t similarities = size.predictions > 0 ? pairs * pairs : pairs;
  if (reads() == HiddenStates::every_token) pooled_rows_ = arena.take(size.sequences * h);
  if (config_.sentence_embedding.normalize)
    embeddings_ = arena.take(size.sequences * h), norms_ = arena.take(size.sequences);
  for (Side* side : {&first_, &second_}) side->take_memory(arena, pairs, h, training);
  similarities_ = arena.take(similarities);
  if (!training) return;
  d_similarities_ = arena.take(similarities);
  d_pooled_ = arena.take(size.sequences * h);
}

LossItems SentenceEmbeddingHead::loss_items(const Batch& batch) const {
  return batch.targets.empty() ? Head::loss_items(batch)
                               : LossItems{static_cast<double>(batch.targets.size()), 0};
}

bool SentenceEmbeddingHead::check_labels(const Batch& batch) const {
  if (batch.labels.empty() && batch.targets.empty()) return false;
  const std::int64_t pairs = batch.sequences() / 2;
  if (batch.sequences() % 2 != 0)
    throw Error(fmt::format("a batch of {} sequences cannot be pairs", batch.sequences()));
  if (batch.targets.empty()) {
    check_class_ids(batch.labels, pairs, "pair", pairs);
    if (std::ranges::find(batch.labels, kIgnoredLabel) != batch.labels.end())
      throw Error("a batch of pairs must say of each pair which second text belongs to it");
  } else if (static_cast<std::int64_t>(batch.targets.size()) != pairs || !batch.labels.empty()) {
    throw Error(
        fmt::format("a batch of {} pairs has {} targets and {} labels; it needs one target or one label "
                    "for each pair",
                    pairs, batch.targets.size(), batch.labels.size()));
  }
  return true;
}

kernels::PoolRows SentenceEmbeddingHead::pool(const Pass& pass, const float* hidden) const {
  return {pass.layout, config_.hidden_size, pool_kind(config_.sentence_embedding.pooling), hidden,
          pooled_rows_};
}

// Every second row, from the first or from the second text of the first pair on.
kernels::NormalizeRows SentenceEmbeddingHead::normalize(const Batch& batch, const Side& side) const {
  const std::int64_t h = config_.hidden_size;
  const bool ranking = batch.targets.empty(), first = &side == &first_;
  return {.rows = batch.sequences() / 2,
          .n = h,
          .stride = 2 * h,
          .scale = ranking && first ? kRankingScale : 1.0F,
          .x = pooled_ + (first ? 0 : h),
          .y = side.unit,
          .norms = side.norms};
}

ModelOutput SentenceEmbeddingHead::forward(const Pass& pass, const Batch& batch, const float* hidden,
                                           bool has_labels) {
  const std::int64_t sequences = batch.sequences(), h = config_.hidden_size;
  hidden_ = pooled_ = hidden;
  if (reads() == HiddenStates::every_token) {
    ops().pool_rows(pool(pass, hidden));
    pooled_ = pooled_rows_;
  }
  if (config_.sentence_embedding.normalize)
    ops().normalize_rows({sequences, h, h, 1, pooled_, embeddings_, norms_});
  ModelOutput output;
  output.logits = {config_.sentence_embedding.normalize ? embeddings_ : pooled_,
                   static_cast<std::size_t>(sequences * h)};
  if (!has_labels) return output;
  for (const Side* side : {&first_, &second_}) ops().normalize_rows(normalize(batch, *side));
  output.loss = static_cast<float>(loss(batch, false));
  return output;
}

// Cosines do not depend on lengths: the gradient is that of the pooled rows, normalized or not.
void SentenceEmbeddingHead::backward(const Pass& pass, const Batch& batch, float scale, float* d_hidden) {
  if (d_hidden == nullptr) return;
  loss(batch, true);
  const bool pools = reads() == HiddenStates::every_token;
  float* d_pooled = pools ? d_pooled_ : d_hidden;
  for (const Side* side : {&first_, &second_}) {
    const kernels::NormalizeRows forward = normalize(batch, *side);
    ops().normalize_rows_backward({forward, scale, side->d_unit, d_pooled + (forward.x - pooled_)});
  }
  if (pools) ops().pool_rows_backward({pool(pass, hidden_), d_pooled, d_hidden});
}

double SentenceEmbeddingHead::loss(const Batch& batch, bool with_gradient) {
  float* d_similarities = with_gradient ? d_similarities_ : nullptr;
  return batch.targets.empty() ? ranking_loss(batch, d_similarities) : cosine_loss(batch, d_similarities);
}

// Henderson et al. 2017: a softmax over the batch's second texts, of which each first text has one.
double SentenceEmbeddingHead::ranking_loss(const Batch& batch, float* d_similarities) {
  const std::int64_t pairs = batch.sequences() / 2, h = config_.hidden_size;
  ops().matmul({.transpose_b = true,
                .m = pairs,
                .n = pairs,
                .k = h,
                .a = first_.unit,
                .lda = h,
                .b = second_.unit,
                .ldb = h,
                .c = similarities_,
                .ldc = pairs});
  const double loss =
      cross_entropy(pairs, pairs, similarities_, batch.labels, batch.global_items.first, d_similarities);
  if (d_similarities == nullptr) return loss;
  const auto gradient = [&](bool transposed, const Side& other, float* to) {
    ops().matmul({.transpose_a = transposed,
                  .m = pairs,
                  .n = h,
                  .k = pairs,
                  .a = d_similarities,
                  .lda = pairs,
                  .b = other.unit,
                  .ldb = h,
                  .c = to,
                  .ldc = h});
  };
  gradient(false, second_, first_.d_unit);
  gradient(true, first_, second_.d_unit);
  return loss;
}

double SentenceEmbeddingHead::cosine_loss(const Batch& batch, float* d_similarities) {
  const kernels::RowDots dots{batch.sequences() / 2, config_.hidden_size, first_.unit, second_.unit,
                              similarities_};
  ops().row_dots(dots);
  const double loss = ops().mean_squared_error({.rows = dots.rows,
                                                .n = 1,
                                                .logits = similarities_,
                                                .targets = batch.targets.data(),
                                                .d_logits = d_similarities,
                                                .items = batch.global_items.first});
  if (d_similarities != nullptr)
    ops().row_dots_backward({dots, d_similarities, first_.d_unit, second_.d_unit});
  return loss;
}

}  // namespace bertune::model
