// BERT's encoder: embeddings and a stack of Transformer layers, forward and backward (Devlin et al. 2019;
// Transformers' BertEmbeddings and BertEncoder).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bertune/config.h"
#include "bertune/model.h"
#include "kernels/arena.h"
#include "kernels/uploads.h"
#include "model/frozen_outputs.h"
#include "model/layers/block.h"
#include "model/layers/feed_forward.h"
#include "model/layers/first_token_attention.h"
#include "model/layers/self_attention.h"
#include "model/weights.h"

namespace bertune::model {

// An encoder at work: what its layers compute, in memory of a workspace; the weights come with each call,
// always those that take_memory() was given last. For heads that look at each sequence's first token alone
// ([CLS]), the last layer works for that one row per sequence, which leaves out nearly all of its products.
class Encoder {
 public:
  // Sets the options from the next take_memory() on.
  void set_options(const EncoderOptions& options);
  const EncoderOptions& options() const { return options_; }
  // Forgets the outputs of frozen layers; to be called when frozen weights have changed, or the precision of
  // their products.
  void forget_frozen_outputs();

  // Takes this encoder's activations from `arena` for batches of up to this many tokens and sequences. Only
  // training keeps what layers computed, and of those alone that run backward; with gradient checkpointing no
  // more than their outputs.
  void take_memory(const EncoderWeights& weights, kernels::Arena& arena, std::int64_t tokens,
                   std::int64_t sequences, bool training);

  // The wanted hidden states, [tokens,H] or [sequences,H], valid until the next forward.
  const float* forward(const EncoderWeights& weights, const Pass& pass);
  // Returns where the gradient of those hidden states goes before backward(); null when all of the encoder is
  // frozen.
  float* output_gradient(const EncoderWeights& weights) {
    if (lowest_trained_ > weights.config->num_hidden_layers) return nullptr;
    return weights.wanted == HiddenStates::every_token ? scratch_.d_hidden : first_scratch_.d_hidden;
  }
  // Adds the gradients of all weights that are trained.
  void backward(const EncoderWeights& weights, const Pass& pass, const GradientsReached& reached = {});

 private:
  struct LayerActivations {
    SelfAttentionActivations attention;
    FeedForwardActivations feed_forward;

    void take_memory(kernels::Arena& arena, const BertConfig& config, std::int64_t tokens);
  };
  // The pass as a depth (Parameter::depth) has it: frozen ones perhaps without dropout.
  Pass pass_at(std::size_t depth, const Pass& pass) const;
  void forward_layer(const EncoderWeights& weights, const Pass& pass, std::size_t layer);
  void forward_bottom(const EncoderWeights& weights, const Pass& pass, std::size_t layers);
  void fetch_bottom(const EncoderWeights& weights, const Pass& pass, std::size_t layers);
  std::vector<float> compute_bottom(const EncoderWeights& weights, const Pass& pass, std::size_t layers,
                                    std::span<const std::size_t> sequences);
  void embed(const EncoderWeights& encoder, const Pass& pass);
  void embed_backward(const EncoderWeights& encoder, const Pass& pass, const kernels::Matmul* producer);
  void first_token_backward(const EncoderWeights& weights, const Pass& pass);
  kernels::Matmul project_backward(const Linear& project, const Pass& pass);
  float* input_of(std::size_t layer) const;
  std::size_t full_layers() const { return activations_.size(); }  // those that work for every token

  EncoderOptions options_;
  std::int64_t lowest_trained_ = 0;  // depth; of evaluation, where nothing is, as if all were frozen
  std::optional<FrozenOutputs> frozen_outputs_;
  kernels::Uploads some_inputs_;  // of a pass over the sequences that are not kept
  float *embedding_sum_ = nullptr, *embedding_mean_ = nullptr, *embedding_rstd_ = nullptr;
  float* embedding_output_ = nullptr;
  // The projected embeddings, which layers start from if embeddings have a width of their own (else null),
  // and what backward needs.
  float *projected_ = nullptr, *d_embedding_ = nullptr, *embedding_partial_sums_ = nullptr;
  kernels::Buffer<float> no_token_type_;       // zeros, for families without token types
  std::vector<LayerActivations> activations_;  // of the full layers; those that are not kept share theirs
  FirstTokenActivations first_activations_;    // of the last layer, where it works for first tokens
  FeedForwardActivations first_feed_forward_;
  Scratch scratch_, first_scratch_;
};

}  // namespace bertune::model
