#include "model/heads/sentence_embedding_head.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "model/heads/labels.h"

namespace bertune::model {
namespace {

// The factor of a batch's cosines before the softmax, as in the package: the inverse of a temperature of
// 0.05.
constexpr float kRankingScale = 20;

// Returns whether there is a target for each two texts of the batch, and not one for each pair of neighbors.
bool compares_all(const Batch& batch) {
  return static_cast<std::int64_t>(batch.targets.size()) > batch.sequences() / 2;
}

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

// Takes memory for a batch; only batches with labels are pairs. Those for ranking, which `predictions`
// counts, compare each first text with each second one.
void SentenceEmbeddingHead::take_memory(HeadActivations& activations, kernels::Arena& arena,
                                        const BatchSize& size, bool training) const {
  Activations& own = activations.sentence_embedding;
  const std::int64_t h = config_.hidden_size, pairs = size.sequences / 2;
  const std::int64_t similarities =
      std::max({pairs, size.targets, size.predictions > 0 ? pairs * pairs : std::int64_t{0}});
  if (pools()) own.pooled_rows = arena.take(size.sequences * h);
  if (config_.sentence_embedding.normalize)
    own.embeddings = arena.take(size.sequences * h), own.norms = arena.take(size.sequences);
  // A batch has pairs or compares all of its texts: the sides of pairs lie where all texts do.
  own.all = {.unit = arena.take(size.sequences * h), .norms = arena.take(size.sequences)};
  if (training) own.all.d_unit = arena.take(size.sequences * h);
  const auto behind = [](float* piece, std::int64_t count) {
    return piece == nullptr ? nullptr : piece + count;
  };
  own.first = own.all;
  own.second = {.unit = behind(own.all.unit, pairs * h),
                .d_unit = behind(own.all.d_unit, pairs * h),
                .norms = behind(own.all.norms, pairs)};
  own.similarities = arena.take(similarities);
  if (!training) return;
  own.d_similarities = arena.take(similarities);
  if (pools()) own.d_pooled = arena.take(size.sequences * h);
}

LossItems SentenceEmbeddingHead::loss_items(const Batch& batch) const {
  if (batch.targets.empty()) return Head::loss_items(batch);
  return {compares_all(batch) ? static_cast<double>(batch.sequences())
                              : static_cast<double>(batch.targets.size()),
          0};
}

bool SentenceEmbeddingHead::check_labels(const Batch& batch) const {
  if (batch.labels.empty() && batch.targets.empty()) return false;
  const std::int64_t pairs = batch.sequences() / 2, texts = batch.sequences();
  if (static_cast<std::int64_t>(batch.targets.size()) == texts * texts && batch.labels.empty()) return true;
  if (batch.sequences() % 2 != 0)
    throw Error(fmt::format("a batch of {} sequences cannot be pairs", batch.sequences()));
  if (batch.targets.empty()) {
    check_class_ids(batch.labels, pairs, "pair", pairs);
    if (std::ranges::find(batch.labels, kIgnoredLabel) != batch.labels.end())
      throw Error("a batch of pairs must say of each pair which second text belongs to it");
  } else if (static_cast<std::int64_t>(batch.targets.size()) != pairs || !batch.labels.empty()) {
    throw Error(fmt::format(
        "a batch of {} pairs has {} targets and {} labels; it needs one target or one label for each "
        "pair, or a target for each two texts",
        pairs, batch.targets.size(), batch.labels.size()));
  }
  return true;
}

kernels::PoolRows SentenceEmbeddingHead::pool(const Pass& pass, const Activations& own) const {
  return {pass.layout, config_.hidden_size, pool_kind(config_.sentence_embedding.pooling), own.hidden,
          own.pooled_rows};
}

// Every second row: the texts of a pair are neighbors.
kernels::NormalizeRows SentenceEmbeddingHead::normalize(const Batch& batch, const Activations& own,
                                                        bool first) const {
  const std::int64_t h = config_.hidden_size;
  const PairSideActivations& side = first ? own.first : own.second;
  return {.rows = batch.sequences() / 2,
          .n = h,
          .stride = 2 * h,
          .scale = first && batch.targets.empty() ? kRankingScale : 1.0F,
          .x = own.pooled + (first ? 0 : h),
          .y = side.unit,
          .norms = side.norms};
}

ModelOutput SentenceEmbeddingHead::forward(const Pass& pass, const Batch& batch, const float* hidden,
                                           bool has_labels, HeadActivations& activations) const {
  Activations& own = activations.sentence_embedding;
  const std::int64_t sequences = batch.sequences(), h = config_.hidden_size;
  const bool normalizes = config_.sentence_embedding.normalize;
  own.hidden = own.pooled = hidden;
  if (pools()) {
    pass.ops().pool_rows(pool(pass, own));
    own.pooled = own.pooled_rows;
  }
  if (normalizes) pass.ops().normalize_rows({sequences, h, h, 1, own.pooled, own.embeddings, own.norms});
  ModelOutput output;
  output.logits = {normalizes ? own.embeddings : own.pooled, static_cast<std::size_t>(sequences * h)};
  if (!has_labels) return output;
  compare(pass, batch, own);
  output.loss = static_cast<float>(loss(pass, batch, own, nullptr));
  return output;
}

// Cosines do not depend on lengths: the gradient is that of the pooled rows, whether or not the embeddings
// are normalized.
void SentenceEmbeddingHead::backward(const Pass& pass, const Batch& batch, float scale,
                                     HeadActivations& activations, float* d_hidden) const {
  if (d_hidden == nullptr) return;
  const Activations& own = activations.sentence_embedding;
  loss(pass, batch, own, own.d_similarities);
  compare_backward(pass, batch, own);
  float* d_pooled = pools() ? own.d_pooled : d_hidden;
  if (compares_all(batch)) {
    // A text is on both sides of its similarities, whose gradients are symmetric.
    pass.ops().normalize_rows_backward({normalize_all(batch, own), 2 * scale, own.all.d_unit, d_pooled});
  } else {
    normalize_sides_backward(pass, batch, own, scale, d_pooled);
  }
  if (pools()) pass.ops().pool_rows_backward({pool(pass, own), d_pooled, d_hidden});
}

void SentenceEmbeddingHead::normalize_sides_backward(const Pass& pass, const Batch& batch,
                                                     const Activations& own, float scale,
                                                     float* d_pooled) const {
  for (const bool first : {true, false}) {
    const kernels::NormalizeRows forward = normalize(batch, own, first);
    const float* d_unit = first ? own.first.d_unit : own.second.d_unit;
    pass.ops().normalize_rows_backward({forward, scale, d_unit, d_pooled + (forward.x - own.pooled)});
  }
}

kernels::RowDots SentenceEmbeddingHead::dots(const Batch& batch, const Activations& own) const {
  return {batch.sequences() / 2, config_.hidden_size, own.first.unit, own.second.unit, own.similarities};
}

kernels::NormalizeRows SentenceEmbeddingHead::normalize_all(const Batch& batch,
                                                            const Activations& own) const {
  const std::int64_t h = config_.hidden_size;
  return {batch.sequences(), h, h, 1, own.pooled, own.all.unit, own.all.norms};
}

Linear SentenceEmbeddingHead::all_texts(const Batch& batch, const Activations& own) const {
  return {{own.all.unit}, {}, config_.hidden_size, batch.sequences()};
}

void SentenceEmbeddingHead::compare(const Pass& pass, const Batch& batch, const Activations& own) const {
  if (compares_all(batch)) {
    pass.ops().normalize_rows(normalize_all(batch, own));
    return pass.ops().matmul(all_texts(batch, own).output(batch.sequences(), own.all.unit, own.similarities));
  }
  for (const bool first : {true, false}) pass.ops().normalize_rows(normalize(batch, own, first));
  if (!batch.targets.empty()) return pass.ops().row_dots(dots(batch, own));
  const std::int64_t pairs = batch.sequences() / 2;
  pass.ops().matmul(second_texts(batch, own).output(pairs, own.first.unit, own.similarities));
}

void SentenceEmbeddingHead::compare_backward(const Pass& pass, const Batch& batch,
                                             const Activations& own) const {
  if (compares_all(batch)) {
    return pass.ops().matmul(
        all_texts(batch, own).input_gradient(batch.sequences(), own.d_similarities, own.all.d_unit, false));
  }
  if (!batch.targets.empty()) {
    return pass.ops().row_dots_backward(
        {dots(batch, own), own.d_similarities, own.first.d_unit, own.second.d_unit});
  }
  const std::int64_t pairs = batch.sequences() / 2, h = config_.hidden_size;
  const Linear second = second_texts(batch, own);
  pass.ops().matmul(second.input_gradient(pairs, own.d_similarities, own.first.d_unit, false));
  pass.ops().matmul({.transpose_a = true,
                     .m = pairs,
                     .n = h,
                     .k = pairs,
                     .a = own.d_similarities,
                     .lda = pairs,
                     .b = own.first.unit,
                     .ldb = h,
                     .c = own.second.d_unit,
                     .ldc = h});
}

// The similarities of a first text with all second ones are a linear function of it.
Linear SentenceEmbeddingHead::second_texts(const Batch& batch, const Activations& own) const {
  return {{own.second.unit}, {}, config_.hidden_size, batch.sequences() / 2};
}

// Computes the loss: for ranking (Henderson et al. 2017) a softmax over the batch's second texts, one of
// which belongs to a first text; for scores the squared error of the cosines.
double SentenceEmbeddingHead::loss(const Pass& pass, const Batch& batch, const Activations& own,
                                   float* d_similarities) const {
  const std::int64_t pairs = batch.sequences() / 2;
  const double items = batch.global_items.first;
  const LossInputs& inputs = pass.loss_inputs;
  if (inputs.targets == nullptr)
    return cross_entropy(pass, pairs, pairs, own.similarities, inputs.labels, items, d_similarities);
  const bool all = compares_all(batch);
  return pass.loss(pass.ops().mean_squared_error, {.rows = all ? batch.sequences() : pairs,
                                                   .n = all ? batch.sequences() : 1,
                                                   .logits = own.similarities,
                                                   .targets = inputs.targets,
                                                   .d_logits = d_similarities,
                                                   .items = items});
}

}  // namespace bertune::model
