// Benches of the operations in an encoder's layers, without attention.
#include "operations/suite.h"

namespace bertune::kernels::bench {

void Suite::add_bias(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden;
  add_rows("add_bias", shape, 2, t, 3 * h, [=](Memory& memory) {
    return [op = AddBias{t, 3 * h, memory.take(t * 3 * h), memory.take(3 * h)}] { ops().add_bias(op); };
  });
}

void Suite::column_sums(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden;
  add_rows("column_sums", shape, 1, t, 3 * h, [=](Memory& memory) {
    return [op = ColumnSums{t, 3 * h, memory.take(t * 3 * h), memory.take(3 * h)}] { ops().column_sums(op); };
  });
}

void Suite::embedding_forward(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden;
  add_rows("embedding_forward", shape, 2, t, h, [=](Memory& memory) {
    const EmbeddingForward op{.layout = memory.layout(),
                              .hidden_size = h,
                              .input_ids = memory.ids(),
                              .token_type_ids = memory.zeros(),
                              .word = memory.take(Memory::kVocabulary * h),
                              .position = memory.take(512 * h),
                              .token_type = memory.take(2 * h),
                              .sum = memory.take(t * h)};
    return [op] { ops().embedding_forward(op); };
  });
}

void Suite::embedding_backward(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden;
  add_rows("embedding_backward", shape, 3, t, h, [=](Memory& memory) {
    const EmbeddingBackward op{.layout = memory.layout(),
                               .hidden_size = h,
                               .input_ids = memory.ids(),
                               .token_type_ids = memory.zeros(),
                               .d_sum = memory.take(t * h),
                               .d_word = memory.take(Memory::kVocabulary * h),
                               .d_position = memory.take(512 * h),
                               .d_token_type = memory.take(2 * h)};
    return [op] { ops().embedding_backward(op); };
  });
}

void Suite::layer_norm_forward(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden;
  add_rows("layer_norm_forward", shape, 4, t, h, [=](Memory& memory) {
    const LayerNormForward op{.layout = memory.layout(),
                              .hidden_size = h,
                              .epsilon = 1e-12F,
                              .dropout = dropout(DropoutSite::attention_output),
                              .x = memory.take(t * h),
                              .bias = memory.take(h),
                              .residual = memory.take(t * h),
                              .gamma = memory.take(h),
                              .beta = memory.take(h),
                              .sum = memory.take(t * h),
                              .y = memory.take(t * h),
                              .mean = memory.take(t),
                              .rstd = memory.take(t)};
    return [op] { ops().layer_norm_forward(op); };
  });
}

void Suite::layer_norm_backward(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden;
  add_rows("layer_norm_backward", shape, 4, t, h, [=](Memory& memory) {
    const LayerNormBackward op{.layout = memory.layout(),
                               .hidden_size = h,
                               .dropout = dropout(DropoutSite::attention_output),
                               .dy = memory.take(t * h),
                               .sum = memory.take(t * h),
                               .mean = memory.take(t),
                               .rstd = memory.take_positive(t),
                               .gamma = memory.take(h),
                               .d_sum = memory.take(t * h),
                               .dx = memory.take(t * h),
                               .d_gamma = memory.take(h),
                               .d_beta = memory.take(h),
                               .d_bias = memory.take(h),
                               .partial_sums = memory.take(block_count(t, kRowBlock) * 3 * h)};
    return [op] { ops().layer_norm_backward(op); };
  });
}

void Suite::activation_forward(const Shape& shape) const {
  const std::int64_t t = shape.tokens, wide = shape.intermediate();
  add_rows("gelu_forward", shape, 3, t, wide, [=](Memory& memory) {
    // The bias is added to x in place, time and again: with one of zeros x stays what it is.
    float* zeros = memory.take_zeros(wide);
    const ActivationForward op{Activation::gelu,      t,     wide,
                               memory.take(t * wide), zeros, memory.take(t * wide)};
    return [op] { ops().activation_forward(op); };
  });
}

void Suite::activation_backward(const Shape& shape) const {
  const std::int64_t t = shape.tokens, wide = shape.intermediate();
  add_rows("gelu_backward", shape, 4, t, wide, [=](Memory& memory) {
    const ActivationBackward op{.activation = Activation::gelu,
                                .rows = t,
                                .n = wide,
                                .x = memory.take(t * wide),
                                .dy = memory.take(t * wide),
                                .dx = memory.take(t * wide),
                                .y = memory.take(t * wide),
                                .d_bias = memory.take(wide),
                                .partial_sums = memory.take(block_count(t, kRowBlock) * wide)};
    return [op] { ops().activation_backward(op); };
  });
}

void Suite::dropout_rows(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden;
  add_rows("dropout_rows", shape, 2, t, h, [=](Memory& memory) {
    const DropoutRows op{memory.layout(), h, dropout(DropoutSite::pooled), memory.take(t * h),
                         memory.take(t * h)};
    return [op] { ops().dropout_rows(op); };
  });
}

// The first token of each sequence.
void Suite::gather_rows(const Shape& shape) const {
  const std::int64_t count = shape.sequences(), h = shape.hidden;
  add_rows("gather_rows", shape, 2, count, h, [=](Memory& memory) {
    const GatherRows op{count, h, memory.layout().cu_seqlens, memory.take(shape.tokens * h),
                        memory.take(count * h)};
    return [op] { ops().gather_rows(op); };
  });
}

void Suite::add_to_rows(const Shape& shape) const {
  const std::int64_t count = shape.sequences(), h = shape.hidden;
  add_rows("add_to_rows", shape, 3, count, h, [=](Memory& memory) {
    const AddToRows op{count, h, memory.layout().cu_seqlens, memory.take_zeros(shape.tokens * h),
                       memory.take(count * h)};
    return [op] { ops().add_to_rows(op); };
  });
}

}  // namespace bertune::kernels::bench
