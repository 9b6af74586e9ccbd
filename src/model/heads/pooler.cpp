#include "model/heads/pooler.h"

#include <string>

#include "core/parallel.h"
#include "kernels/ops.h"
#include "model/weights.h"

namespace bertune::model {

using kernels::ops;

void Pooler::add_parameters(LayoutBuilder& layout) const {
  layout.linear(std::string(head_.dense), config_.hidden_size, config_.hidden_size);
}

void Pooler::bind(Parameters& parameters, bool with_gradients) {
  const std::int64_t h = config_.hidden_size;
  dense_ = WeightViews(parameters, config_.model_type, with_gradients, false)
               .linear(std::string(head_.dense), h, h);
}

void Pooler::take_memory(Arena& arena, std::int64_t sequences, bool training) {
  const std::int64_t size = sequences * config_.hidden_size;
  dense_output_ = arena.take(size), pooled_ = arena.take(size);
  if (!training) return;
  dropped_ = arena.take(size), d_pooled_ = arena.take(size);
  if (head_.dropout_before(config_) > 0) dropped_input_ = arena.take(size);
  partial_sums_ = arena.take(block_count(sequences, kernels::kRowBlock) * config_.hidden_size);
}

const float* Pooler::forward(const Pass& pass, const float* hidden) {
  const std::int64_t h = config_.hidden_size, sequences = pass.layout.sequences;
  input_ = hidden;
  if (dropout_before(pass).probability > 0) {
    ops().dropout_rows({pass.first_tokens, h, dropout_before(pass), hidden, dropped_input_});
    input_ = dropped_input_;
  }
  const kernels::Matmul product = dense_.output(sequences, input_, dense_output_);
  ops().activation_forward({activation(), sequences, h, dense_output_, dense_.bias.value, pooled_, &product});
  if (dropout_after(pass).probability <= 0) return pooled_;
  ops().dropout_rows({pass.first_tokens, h, dropout_after(pass), pooled_, dropped_});
  return dropped_;
}

void Pooler::backward(const Pass& pass, float* d_hidden) {
  const std::int64_t h = config_.hidden_size, sequences = pass.layout.sequences;
  if (dropout_after(pass).probability > 0)
    ops().dropout_rows({pass.first_tokens, h, dropout_after(pass), d_pooled_, d_pooled_});
  ops().activation_backward({.activation = activation(),
                             .rows = sequences,
                             .n = h,
                             .x = dense_output_,
                             .dy = d_pooled_,
                             .dx = d_pooled_,
                             .d_bias = dense_.bias.gradient,
                             .partial_sums = partial_sums_});
  dense_.add_weight_gradient(sequences, d_pooled_, input_);
  if (d_hidden == nullptr) return;
  ops().matmul(dense_.input_gradient(sequences, d_pooled_, d_hidden, false));
  if (dropout_before(pass).probability > 0)
    ops().dropout_rows({pass.first_tokens, h, dropout_before(pass), d_hidden, d_hidden});
}

}  // namespace bertune::model
