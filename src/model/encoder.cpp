#include "model/encoder.h"

#include "kernels/profile.h"

namespace bertune::model {

using kernels::DropoutSite;
using kernels::ops;

void Encoder::take_memory(Arena& arena, std::int64_t tokens, std::int64_t sequences, bool training) {
  embedding_sum_ = arena.take(tokens * config_.hidden_size);
  embedding_mean_ = arena.take(tokens), embedding_rstd_ = arena.take(tokens);
  embedding_output_ = arena.take(tokens * config_.hidden_size);
  activations_.assign(training ? full_layers() : 1, {});
  for (LayerActivations& layer : activations_) {
    layer.attention.take_memory(arena, config_, tokens);
    layer.feed_forward.take_memory(arena, config_, tokens);
  }
  scratch_.take_memory(arena, config_, tokens, training);
  if (wanted_ == HiddenStates::every_token) return;
  first_activations_.take_memory(arena, config_, tokens, sequences, training);
  first_feed_forward_.take_memory(arena, config_, sequences);
  first_scratch_.take_memory(arena, config_, sequences, training);
}

void Encoder::embed(const EmbeddingWeights& weights, const Pass& pass) {
  ops().embedding_forward({.layout = pass.layout,
                           .hidden_size = config_.hidden_size,
                           .input_ids = pass.input_ids,
                           .token_type_ids = pass.token_type_ids,
                           .word = weights.word.value,
                           .position = weights.position.value,
                           .token_type = weights.token_type.value,
                           .sum = embedding_sum_});
  ops().layer_norm_forward({.layout = pass.layout,
                            .hidden_size = config_.hidden_size,
                            .epsilon = config_.layer_norm_eps,
                            .dropout = pass.dropout(config_.hidden_dropout_prob, DropoutSite::embeddings, 0),
                            .dropout_after = true,
                            .gamma = weights.norm.gamma.value,
                            .beta = weights.norm.beta.value,
                            .sum = embedding_sum_,
                            .y = embedding_output_,
                            .mean = embedding_mean_,
                            .rstd = embedding_rstd_});
}

// The hidden states that `layer` starts from.
const float* Encoder::input_of(std::size_t layer) const {
  return layer == 0 ? embedding_output_
                    : activations_[(layer - 1) % activations_.size()].feed_forward.residual.output;
}

const float* Encoder::forward(const EncoderWeights& weights, const Pass& pass) {
  kernels::set_profiled_layer(-1);
  embed(weights.embeddings, pass);
  const std::size_t last = weights.layers.size() - 1;
  for (std::size_t i = 0; i < full_layers(); ++i) {
    kernels::set_profiled_layer(static_cast<std::int32_t>(i));
    LayerActivations& layer = activations_[i % activations_.size()];
    const Block block{config_, pass, pass.layout, static_cast<std::int64_t>(i)};
    self_attention(block, weights.layers[i], input_of(i), layer.attention, scratch_);
    feed_forward(block, weights.layers[i], layer.attention.residual.output, layer.feed_forward, scratch_);
  }
  if (wanted_ == HiddenStates::every_token) {
    kernels::set_profiled_layer(-1);
    return input_of(last + 1);
  }
  kernels::set_profiled_layer(static_cast<std::int32_t>(last));
  const Block block{config_, pass, pass.first_tokens, static_cast<std::int64_t>(last)};
  first_token_attention(block, weights.layers[last], input_of(last), first_activations_, first_scratch_);
  feed_forward(block, weights.layers[last], first_activations_.residual.output, first_feed_forward_,
               first_scratch_);
  kernels::set_profiled_layer(-1);
  return first_feed_forward_.residual.output;
}

void Encoder::backward(const EncoderWeights& weights, const Pass& pass) {
  if (wanted_ == HiddenStates::first_token) first_token_backward(weights, pass);
  kernels::Matmul pending;
  const kernels::Matmul* producer = nullptr;  // of scratch_.d_hidden
  for (std::size_t i = full_layers(); i-- > 0;) {
    kernels::set_profiled_layer(static_cast<std::int32_t>(i));
    const LayerActivations& layer = activations_[i];
    const Block full{config_, pass, pass.layout, static_cast<std::int64_t>(i)};
    const kernels::Matmul d_residual = feed_forward_backward(
        full, weights.layers[i], producer, layer.attention.residual.output, layer.feed_forward, scratch_);
    pending =
        self_attention_backward(full, weights.layers[i], d_residual, input_of(i), layer.attention, scratch_);
    producer = &pending;
  }
  kernels::set_profiled_layer(-1);
  embed_backward(weights.embeddings, pass, producer);
}

// The last layer's backward, to the gradient of every token's input in scratch_.d_hidden.
void Encoder::first_token_backward(const EncoderWeights& weights, const Pass& pass) {
  const std::size_t last = weights.layers.size() - 1;
  const Block block{config_, pass, pass.first_tokens, static_cast<std::int64_t>(last)};
  kernels::set_profiled_layer(static_cast<std::int32_t>(last));
  const kernels::Matmul pending =
      feed_forward_backward(block, weights.layers[last], nullptr, first_activations_.residual.output,
                            first_feed_forward_, first_scratch_);
  first_token_attention_backward(block, weights.layers[last], pending, input_of(last), first_activations_,
                                 scratch_.d_hidden, first_scratch_);
}

void Encoder::embed_backward(const EmbeddingWeights& weights, const Pass& pass,
                             const kernels::Matmul* producer) {
  ops().layer_norm_backward({.layout = pass.layout,
                             .hidden_size = config_.hidden_size,
                             .dropout = pass.dropout(config_.hidden_dropout_prob, DropoutSite::embeddings, 0),
                             .dropout_after = true,
                             .dy = scratch_.d_hidden,
                             .sum = embedding_sum_,
                             .mean = embedding_mean_,
                             .rstd = embedding_rstd_,
                             .gamma = weights.norm.gamma.value,
                             .d_sum = scratch_.d_hidden,
                             .d_gamma = weights.norm.gamma.gradient,
                             .d_beta = weights.norm.beta.gradient,
                             .partial_sums = scratch_.partial_sums,
                             .producer = producer});
  ops().embedding_backward({.layout = pass.layout,
                            .hidden_size = config_.hidden_size,
                            .input_ids = pass.input_ids,
                            .token_type_ids = pass.token_type_ids,
                            .padding_id = static_cast<std::int32_t>(config_.pad_token_id),
                            .d_sum = scratch_.d_hidden,
                            .d_word = weights.word.gradient,
                            .d_position = weights.position.gradient,
                            .d_token_type = weights.token_type.gradient});
}

}  // namespace bertune::model
