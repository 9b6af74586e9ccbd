#include "model/encoder.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/profile.h"

namespace bertune::model {

using kernels::DropoutSite;

namespace {

// The layer that what follows is measured as, where it is measured; none: embeddings or head.
void profile_layer(const Pass& pass, std::optional<std::size_t> layer) {
  if (kernels::Profiler* profiler = pass.context.profiler)
    profiler->set_layer(layer ? static_cast<std::int32_t>(*layer) : -1);
}

}  // namespace

void Encoder::LayerActivations::take_memory(kernels::Arena& arena, const BertConfig& config,
                                            std::int64_t tokens) {
  attention.take_memory(arena, config, tokens);
  feed_forward.take_memory(arena, config, tokens);
}

void Encoder::set_options(const EncoderOptions& options) {
  options_ = options;
  forget_frozen_outputs();
}

void Encoder::forget_frozen_outputs() { frozen_outputs_.reset(); }

void Encoder::take_memory(const EncoderWeights& weights, kernels::Arena& arena, std::int64_t tokens,
                          std::int64_t sequences, bool training) {
  const BertConfig& config = *weights.config;
  const bool first_alone = weights.wanted == HiddenStates::first_token;
  const bool projects = weights.embeddings.project.has_value();
  lowest_trained_ = training ? weights.lowest_trained_depth() : config.num_hidden_layers + 1;
  std::int64_t low_rank = 0, low_rank_first = 0;
  for (const EncoderLayerWeights& layer : weights.layers) {
    low_rank = std::max(low_rank, layer.scratch_size(tokens));
    low_rank_first = std::max(low_rank_first, layer.scratch_size(sequences));
  }
  const std::int64_t width = config.embedding_width();
  if (config.type_vocab_size == 0 && no_token_type_.size() != static_cast<std::size_t>(width))
    no_token_type_ = kernels::Buffer<float>(static_cast<std::size_t>(width));
  embedding_sum_ = arena.take(tokens * width);
  embedding_mean_ = arena.take(tokens), embedding_rstd_ = arena.take(tokens);
  embedding_output_ = arena.take(tokens * width);
  projected_ = projects ? arena.take(tokens * config.hidden_size) : nullptr;
  if (projects && training && lowest_trained_ == 0) {
    d_embedding_ = arena.take(tokens * width);
    embedding_partial_sums_ = arena.take(block_count(tokens, kernels::kRowBlock) * 3 * width);
  }
  activations_.assign(weights.layers.size() - (first_alone ? 1 : 0), {});
  std::optional<LayerActivations> shared;
  for (std::size_t i = 0; i < full_layers(); ++i) {
    const bool runs_backward = static_cast<std::int64_t>(i) + 1 >= lowest_trained_;
    if (runs_backward && !options_.gradient_checkpointing) {
      activations_[i].take_memory(arena, config, tokens);
      continue;
    }
    if (!shared) shared.emplace().take_memory(arena, config, tokens);
    activations_[i] = *shared;
    if (runs_backward) activations_[i].feed_forward.residual.output = arena.take(tokens * config.hidden_size);
  }
  scratch_.take_memory(arena, config, tokens, training, low_rank);
  if (!first_alone) return;
  first_activations_.take_memory(arena, config, tokens, sequences, training, weights.layers.back());
  first_feed_forward_.take_memory(arena, config, sequences);
  first_scratch_.take_memory(arena, config, sequences, training, low_rank_first);
}

Pass Encoder::pass_at(std::size_t depth, const Pass& pass) const {
  Pass at = pass;
  const bool frozen = static_cast<std::int64_t>(depth) < lowest_trained_;
  at.training = pass.training && !(frozen && options_.frozen_eval_mode);
  return at;
}

namespace {

// The kernels' layout of the embeddings: where a token is in the position table.
kernels::Layout table_layout(const Pass& pass) {
  kernels::Layout layout = pass.layout;
  layout.position = pass.position_ids;
  return layout;
}

}  // namespace

void Encoder::embed(const EncoderWeights& encoder, const Pass& pass) {
  const EmbeddingWeights& weights = encoder.embeddings;
  const BertConfig& config = *encoder.config;
  const float* token_type = weights.token_type.value;
  pass.ops().embedding_forward({.layout = table_layout(pass),
                                .hidden_size = config.embedding_width(),
                                .input_ids = pass.input_ids,
                                .token_type_ids = pass.token_type_ids,
                                .word = weights.word.value,
                                .position = weights.position.value,
                                .token_type = token_type != nullptr ? token_type : no_token_type_.data(),
                                .sum = embedding_sum_});
  pass.ops().layer_norm_forward(
      {.layout = pass.layout,
       .hidden_size = config.embedding_width(),
       .epsilon = config.layer_norm_eps,
       .dropout = pass.dropout(config.hidden_dropout_prob, DropoutSite::embeddings, 0),
       .dropout_after = true,
       .gamma = weights.norm.gamma.value,
       .beta = weights.norm.beta.value,
       .sum = embedding_sum_,
       .y = embedding_output_,
       .mean = embedding_mean_,
       .rstd = embedding_rstd_});
  if (!weights.project) return;
  const Linear& project = *weights.project;
  const kernels::Matmul product = project.output(pass.layout.tokens, embedding_output_, projected_);
  pass.ops().add_bias({pass.layout.tokens, project.out, projected_, project.bias.value, &product});
}

// The hidden states that `layer` starts from.
float* Encoder::input_of(std::size_t layer) const {
  if (layer == 0) return projected_ != nullptr ? projected_ : embedding_output_;
  return activations_[layer - 1].feed_forward.residual.output;
}

void Encoder::forward_layer(const EncoderWeights& weights, const Pass& pass, std::size_t layer) {
  profile_layer(pass, layer);
  LayerActivations& own = activations_[layer];
  const Pass here = pass_at(layer + 1, pass);
  const Block block{*weights.config, here, here.layout, static_cast<std::int64_t>(layer)};
  self_attention(block, weights.layers[layer], input_of(layer), own.attention, scratch_);
  feed_forward(block, weights.layers[layer], own.attention.residual.output, own.feed_forward, scratch_);
}

// Embeddings and the first layers, to input_of(layers).
void Encoder::forward_bottom(const EncoderWeights& weights, const Pass& pass, std::size_t layers) {
  profile_layer(pass, std::nullopt);
  embed(weights, pass_at(0, pass));
  for (std::size_t i = 0; i < layers; ++i) forward_layer(weights, pass, i);
}

const float* Encoder::forward(const EncoderWeights& weights, const Pass& pass) {
  const BertConfig& config = *weights.config;
  const std::size_t last = weights.layers.size() - 1;
  const auto frozen = static_cast<std::size_t>(std::max<std::int64_t>(lowest_trained_ - 1, 0)),
             bottom = pass.training ? std::min(frozen, full_layers()) : 0;
  const bool fixed = options_.frozen_eval_mode ||
                     (config.hidden_dropout_prob == 0 && config.attention_probs_dropout_prob == 0);
  if (options_.frozen_cache_bytes > 0 && fixed && bottom > 0 && pass.layout.sequences > 1) {
    fetch_bottom(weights, pass, bottom);
  } else {
    forward_bottom(weights, pass, bottom);
  }
  for (std::size_t i = bottom; i < full_layers(); ++i) forward_layer(weights, pass, i);
  if (weights.wanted == HiddenStates::every_token) {
    profile_layer(pass, std::nullopt);
    return input_of(last + 1);
  }
  profile_layer(pass, last);
  const Pass here = pass_at(last + 1, pass);
  const Block block{config, here, here.first_tokens, static_cast<std::int64_t>(last)};
  first_token_attention(block, weights.layers[last], input_of(last), first_activations_, first_scratch_);
  feed_forward(block, weights.layers[last], first_activations_.residual.output, first_feed_forward_,
               first_scratch_);
  profile_layer(pass, std::nullopt);
  return first_feed_forward_.residual.output;
}

void Encoder::backward(const EncoderWeights& weights, const Pass& pass, const GradientsReached& reached) {
  if (lowest_trained_ > weights.config->num_hidden_layers) return;
  const auto has_reached = [&](std::size_t depth) {
    if (reached) reached(static_cast<std::int64_t>(depth));
  };
  if (weights.wanted == HiddenStates::first_token) {
    first_token_backward(weights, pass);
    has_reached(weights.layers.size());
  }
  kernels::Matmul pending;
  const kernels::Matmul* producer = nullptr;  // of scratch_.d_hidden
  for (std::size_t i = full_layers(); i-- > 0 && static_cast<std::int64_t>(i) + 1 >= lowest_trained_;) {
    if (options_.gradient_checkpointing && i + 1 < full_layers()) forward_layer(weights, pass, i);
    profile_layer(pass, i);
    const LayerActivations& layer = activations_[i];
    const Block full{*weights.config, pass, pass.layout, static_cast<std::int64_t>(i)};
    const kernels::Matmul d_residual = feed_forward_backward(
        full, weights.layers[i], producer, layer.attention.residual.output, layer.feed_forward, scratch_);
    pending =
        self_attention_backward(full, weights.layers[i], d_residual, input_of(i), layer.attention, scratch_);
    producer = &pending;
    has_reached(i + 1);
  }
  profile_layer(pass, std::nullopt);
  if (lowest_trained_ > 0) return;
  embed_backward(weights, pass, producer);
  has_reached(0);
}

// The last layer's backward, to the gradient of every token's input in scratch_.d_hidden.
void Encoder::first_token_backward(const EncoderWeights& weights, const Pass& pass) {
  const std::size_t last = weights.layers.size() - 1;
  const Block block{*weights.config, pass, pass.first_tokens, static_cast<std::int64_t>(last)};
  profile_layer(pass, last);
  const kernels::Matmul pending =
      feed_forward_backward(block, weights.layers[last], nullptr, first_activations_.residual.output,
                            first_feed_forward_, first_scratch_);
  first_token_attention_backward(block, weights.layers[last], pending, input_of(last), first_activations_,
                                 scratch_.d_hidden, first_scratch_);
}

// Computes d_embedding_ from scratch_.d_hidden, which is complete; the result is there once the returned
// product is made.
kernels::Matmul Encoder::project_backward(const Linear& project, const Pass& pass) {
  const std::int64_t tokens = pass.layout.tokens;
  project.add_bias_gradient(pass, tokens, scratch_.d_hidden);
  project.add_weight_gradient(pass, tokens, scratch_.d_hidden, embedding_output_);
  return project.input_gradient(tokens, scratch_.d_hidden, d_embedding_, false);
}

void Encoder::embed_backward(const EncoderWeights& encoder, const Pass& pass,
                             const kernels::Matmul* producer) {
  const EmbeddingWeights& weights = encoder.embeddings;
  const BertConfig& config = *encoder.config;
  float* gradient = scratch_.d_hidden;
  kernels::Matmul projected;
  if (weights.project) {
    if (producer != nullptr) pass.matmul(*producer);
    projected = project_backward(*weights.project, pass);
    gradient = d_embedding_, producer = &projected;
  }
  pass.ops().layer_norm_backward(
      {.layout = pass.layout,
       .hidden_size = config.embedding_width(),
       .dropout = pass.dropout(config.hidden_dropout_prob, DropoutSite::embeddings, 0),
       .dropout_after = true,
       .dy = gradient,
       .sum = embedding_sum_,
       .mean = embedding_mean_,
       .rstd = embedding_rstd_,
       .gamma = weights.norm.gamma.value,
       .d_sum = gradient,
       .d_gamma = weights.norm.gamma.gradient.sum(),
       .d_beta = weights.norm.beta.gradient.sum(),
       .partial_sums = weights.project ? embedding_partial_sums_ : scratch_.partial_sums,
       .producer = producer});
  pass.ops().embedding_backward({.layout = table_layout(pass),
                                 .hidden_size = config.embedding_width(),
                                 .input_ids = pass.input_ids,
                                 .token_type_ids = pass.token_type_ids,
                                 .padding_id = static_cast<std::int32_t>(config.pad_token_id),
                                 .d_sum = gradient,
                                 .d_word = weights.word.gradient.sum(),
                                 .d_position = weights.position.gradient.sum(),
                                 .d_token_type = weights.token_type.gradient.sum()});
  if (config.first_position() == 0) return;
  // The row of padding in the position table is nn.Embedding's padding_idx: it learns nothing.
  const std::int64_t width = config.embedding_width();
  weights.position.gradient.clear(pass, config.pad_token_id * width, width);
}

}  // namespace bertune::model
