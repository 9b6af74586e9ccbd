// Attention: of every token, and of the first alone.
#include "operations/suite.h"

namespace bertune::kernels::bench {

namespace {

// Returns the floating-point operations of one product of [length, head_size] matrices for all heads.
double product_flops(const Shape& shape) {
  return 2.0 * static_cast<double>(shape.tokens * shape.sequence_length * shape.hidden);
}

AttentionForward forward_of(const Shape& shape, Memory& memory) {
  const std::int64_t t = shape.tokens, h = shape.hidden;
  return {.layout = memory.layout(),
          .heads = shape.heads(),
          .head_size = shape.head_size(),
          .dropout = dropout(DropoutSite::attention_probabilities),
          .qkv = memory.take(t * 3 * h),
          .context = memory.take(t * h),
          .log_sum_exp = memory.take(t * shape.heads())};
}

FirstTokenAttention first_token_of(const Shape& shape, Memory& memory) {
  const std::int64_t t = shape.tokens, h = shape.hidden, s = shape.sequences(), wide = s * shape.heads() * h;
  return {.layout = memory.layout(),
          .heads = shape.heads(),
          .head_size = shape.head_size(),
          .dropout = dropout(DropoutSite::attention_probabilities),
          .x = memory.take(t * h),
          .query = memory.take(s * h),
          .key_weight = memory.take(h * h),
          .value_weight = memory.take(h * h),
          .value_bias = memory.take(h),
          .context = memory.take(s * h),
          .absorbed_query = memory.take(wide),
          .mixed_input = memory.take(wide),
          .probabilities = memory.take(t * shape.heads()),
          .probability_sums = memory.take(s * shape.heads())};
}

// Returns the floating-point operations of multiplying every token's input by every head's absorbed query,
// and each query or context by a weight.
double first_token_flops(const Shape& shape) {
  const std::int64_t h = shape.hidden;
  return 2.0 * static_cast<double>(shape.tokens * shape.heads() * h + shape.sequences() * h * h);
}

}  // namespace

// Two products forward; five backward, one of them recomputed.
void Suite::attention_forward(const Shape& shape) const {
  add("attention_forward", shape, {.flops = 2 * product_flops(shape)},
      [=](Memory& memory) { return [op = forward_of(shape, memory)] { ops().attention_forward(op); }; });
}

void Suite::attention_backward(const Shape& shape) const {
  add("attention_backward", shape, {.flops = 5 * product_flops(shape)}, [=](Memory& memory) {
    const AttentionForward forward = forward_of(shape, memory);
    ops().attention_forward(forward);
    const AttentionBackward op{.layout = forward.layout,
                               .heads = forward.heads,
                               .head_size = forward.head_size,
                               .dropout = forward.dropout,
                               .qkv = forward.qkv,
                               .log_sum_exp = forward.log_sum_exp,
                               .d_context = memory.take(shape.tokens * shape.hidden),
                               .d_qkv = memory.take(shape.tokens * 3 * shape.hidden)};
    return [op] { ops().attention_backward(op); };
  });
}

void Suite::first_token_attention_forward(const Shape& shape) const {
  add("first_token_attention_forward", shape, {.flops = 2 * first_token_flops(shape)}, [=](Memory& memory) {
    return [op = first_token_of(shape, memory)] { ops().first_token_attention_forward(op); };
  });
}

void Suite::first_token_attention_backward(const Shape& shape) const {
  add("first_token_attention_backward", shape, {.flops = 4 * first_token_flops(shape)}, [=](Memory& memory) {
    const std::int64_t h = shape.hidden, s = shape.sequences(), wide = s * shape.heads() * h;
    FirstTokenAttentionBackward op{.forward = first_token_of(shape, memory),
                                   .d_context = memory.take(s * h),
                                   .d_query = memory.take(s * h),
                                   .dx = memory.take(shape.tokens * h),
                                   .d_key_weight = memory.take(h * h),
                                   .d_value_weight = memory.take(h * h),
                                   .d_value_bias = memory.take(h),
                                   .d_absorbed_query = memory.take(wide),
                                   .d_mixed_input = memory.take(wide)};
    ops().first_token_attention_forward(op.forward);
    return [op] { ops().first_token_attention_backward(op); };
  });
}

}  // namespace bertune::kernels::bench
