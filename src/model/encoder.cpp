#include "model/encoder.h"

#include "kernels/ops.h"

namespace bertune::model {

using kernels::DropoutSite;
using kernels::ops;

void Encoder::take_memory(Arena& arena, std::int64_t tokens, bool training) {
  embedding_sum_ = arena.take(tokens * config_.hidden_size);
  embedding_mean_ = arena.take(tokens), embedding_rstd_ = arena.take(tokens);
  embedding_output_ = arena.take(tokens * config_.hidden_size);
  activations_.assign(static_cast<std::size_t>(training ? config_.num_hidden_layers : 1), {});
  for (LayerActivations& layer : activations_) layer.take_memory(arena, config_, tokens);
  scratch_.take_memory(arena, config_, tokens, training);
}

const float* Encoder::forward(const EncoderWeights& weights, const Pass& pass) {
  const EmbeddingWeights& embeddings = weights.embeddings;
  ops().embedding_forward({.layout = pass.layout,
                           .hidden_size = config_.hidden_size,
                           .input_ids = pass.input_ids,
                           .token_type_ids = pass.token_type_ids,
                           .word = embeddings.word.value,
                           .position = embeddings.position.value,
                           .token_type = embeddings.token_type.value,
                           .sum = embedding_sum_});
  ops().layer_norm_forward({.layout = pass.layout,
                            .hidden_size = config_.hidden_size,
                            .epsilon = config_.layer_norm_eps,
                            .dropout = pass.dropout(config_.hidden_dropout_prob, DropoutSite::embeddings, 0),
                            .dropout_after = true,
                            .gamma = embeddings.norm.gamma.value,
                            .beta = embeddings.norm.beta.value,
                            .sum = embedding_sum_,
                            .y = embedding_output_,
                            .mean = embedding_mean_,
                            .rstd = embedding_rstd_});
  const float* hidden = embedding_output_;
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    LayerActivations& activations = activations_[pass.training ? i : 0];
    layer_forward(config_, weights.layers[i], static_cast<std::int64_t>(i), pass, hidden, activations,
                  scratch_);
    hidden = activations.output;
  }
  return hidden;
}

void Encoder::backward(const EncoderWeights& weights, const Pass& pass) {
  for (std::size_t i = weights.layers.size(); i-- > 0;) {
    const float* input = i == 0 ? embedding_output_ : activations_[i - 1].output;
    layer_backward(config_, weights.layers[i], static_cast<std::int64_t>(i), pass, input, activations_[i],
                   scratch_);
  }
  const EmbeddingWeights& embeddings = weights.embeddings;
  ops().layer_norm_backward({.layout = pass.layout,
                             .hidden_size = config_.hidden_size,
                             .dropout = pass.dropout(config_.hidden_dropout_prob, DropoutSite::embeddings, 0),
                             .dropout_after = true,
                             .dy = scratch_.d_hidden,
                             .sum = embedding_sum_,
                             .mean = embedding_mean_,
                             .rstd = embedding_rstd_,
                             .gamma = embeddings.norm.gamma.value,
                             .d_sum = scratch_.d_hidden,
                             .d_gamma = embeddings.norm.gamma.gradient,
                             .d_beta = embeddings.norm.beta.gradient,
                             .partial_sums = scratch_.partial_sums});
  ops().embedding_backward({.layout = pass.layout,
                            .hidden_size = config_.hidden_size,
                            .input_ids = pass.input_ids,
                            .token_type_ids = pass.token_type_ids,
                            .padding_id = static_cast<std::int32_t>(config_.pad_token_id),
                            .d_sum = scratch_.d_hidden,
                            .d_word = embeddings.word.gradient,
                            .d_position = embeddings.position.gradient,
                            .d_token_type = embeddings.token_type.gradient});
}

}  // namespace bertune::model
