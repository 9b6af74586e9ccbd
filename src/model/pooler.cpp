#include "model/pooler.h"

#include "core/parallel.h"
#include "kernels/ops.h"
#include "model/weights.h"

namespace bertune::model {

using kernels::Activation;
using kernels::ops;

constexpr const char* kName = "bert.pooler.dense";

void Pooler::add_parameters(LayoutBuilder& layout) const {
  layout.linear(kName, config_.hidden_size, config_.hidden_size);
}

void Pooler::bind(Parameters& parameters, bool with_gradients) {
  const std::int64_t h = config_.hidden_size;
  dense_ = WeightViews(parameters, with_gradients, false).linear(kName, h, h);
}

void Pooler::take_memory(Arena& arena, std::int64_t sequences, bool training) {
  const std::int64_t size = sequences * config_.hidden_size;
  dense_output_ = arena.take(size), pooled_ = arena.take(size);
  if (!training) return;
  dropped_ = arena.take(size), d_pooled_ = arena.take(size);
  partial_sums_ = arena.take(block_count(sequences, kernels::kRowBlock) * config_.hidden_size);
}

const float* Pooler::forward(const Pass& pass, const float* hidden) {
  const std::int64_t h = config_.hidden_size, sequences = pass.layout.sequences;
  hidden_ = hidden;
  const kernels::Matmul product = dense_.output(sequences, hidden, dense_output_);
  ops().activation_forward(
      {Activation::tanh, sequences, h, dense_output_, dense_.bias.value, pooled_, &product});
  if (dropout(pass).probability <= 0) return pooled_;
  ops().dropout_rows({pass.first_tokens, h, dropout(pass), pooled_, dropped_});
  return dropped_;
}

void Pooler::backward(const Pass& pass, float* d_hidden) {
  const std::int64_t h = config_.hidden_size, sequences = pass.layout.sequences;
  if (dropout(pass).probability > 0)
    ops().dropout_rows({pass.first_tokens, h, dropout(pass), d_pooled_, d_pooled_});
  ops().activation_backward({.activation = Activation::tanh,
                             .rows = sequences,
                             .n = h,
                             .x = dense_output_,
                             .dy = d_pooled_,
                             .dx = d_pooled_,
                             .d_bias = dense_.bias.gradient,
                             .partial_sums = partial_sums_});
  ops().matmul(dense_.weight_gradient(sequences, d_pooled_, hidden_));
  ops().matmul(dense_.input_gradient(sequences, d_pooled_, d_hidden, false));
}

}  // namespace bertune::model
