// The reference table: reference.h over whole tensors, in float, one thread.
#include "kernels/host_memory.h"
#include "kernels/ref/reference.h"
#include "kernels/ref/table.h"

namespace bertune::kernels::ref {
namespace {

void produce(const Matmul* producer) {
  if (producer != nullptr) ref::matmul(*producer);
}

float row_factor(const Dropout& dropout, const Layout& layout, std::int64_t token, std::int64_t n,
                 std::int64_t column) {
  return dropout_factor<float>(dropout, static_cast<std::uint32_t>(layout.sequence[token]), 0,
                               static_cast<std::uint64_t>(layout.position[token] * n + column));
}

// Calls body(first token, length, place in the global batch, head) for every sequence and head.
template <typename Body>
void for_each_head(const Layout& layout, std::int64_t heads, const Body& body) {
  for (std::int64_t s = 0; s < layout.sequences; ++s) {
    const std::int64_t first = layout.cu_seqlens[s], length = layout.cu_seqlens[s + 1] - first;
    for (std::int64_t head = 0; length > 0 && head < heads; ++head) {
      body(first, length, static_cast<std::uint32_t>(layout.sequence[first]), head);
    }
  }
}

FirstTokenHead<float> first_token_head(const FirstTokenAttention& op, std::int64_t first, std::int64_t length,
                                       std::uint32_t sequence, std::int64_t s, std::int64_t head) {
  const std::int64_t d = op.head_size, h = op.heads * d;
  return {length,
          h,
          d,
          op.dropout,
          sequence,
          static_cast<std::uint32_t>(head),
          op.x + first * h,
          op.query + s * h + head * d,
          op.key_weight + head * d * h,
          op.value_weight + head * d * h,
          op.value_bias + head * d};
}

float* at(float* gradients, std::int64_t offset) {
  return gradients != nullptr ? gradients + offset : nullptr;
}

void set(double* result, double value) {
  if (result != nullptr) *result = value;
}

}  // namespace

void matmul(const Matmul& op) {
  if (op.operands == Operands::int8) return quantized_matmul(op);
  ref::matmul<float>(op.m, op.n, op.k, op.a, op.transpose_a ? 1 : op.lda, op.transpose_a ? op.lda : 1, op.b,
                     op.transpose_b ? 1 : op.ldb, op.transpose_b ? op.ldb : 1, op.accumulate, op.c, op.ldc);
}

void pack_b(const PackB&) {}

void add_bias(const AddBias& op) {
  produce(op.producer);
  for (std::int64_t i = 0; i < op.rows * op.n; ++i) op.x[i] += op.bias[i % op.n];
}

void column_sums(const ColumnSums& op) {
  if (op.sums == nullptr) return;
  for (std::int64_t i = 0; i < op.rows * op.n; ++i) op.sums[i % op.n] += op.x[i];
}

void embedding_forward(const EmbeddingForward& op) {
  const std::int64_t h = op.hidden_size;
  for (std::int64_t t = 0; t < op.layout.tokens; ++t) {
    for (std::int64_t c = 0; c < h; ++c) {
      op.sum[t * h + c] = op.word[op.input_ids[t] * h + c] + op.position[op.layout.position[t] * h + c] +
                          op.token_type[op.token_type_ids[t] * h + c];
    }
  }
}

void embedding_backward(const EmbeddingBackward& op) {
  const std::int64_t h = op.hidden_size;
  for (std::int64_t t = 0; t < op.layout.tokens; ++t) {
    for (std::int64_t c = 0; c < h; ++c) {
      const float gradient = op.d_sum[t * h + c];
      if (op.d_word != nullptr && op.input_ids[t] != op.padding_id)
        op.d_word[op.input_ids[t] * h + c] += gradient;
      if (op.d_position != nullptr) op.d_position[op.layout.position[t] * h + c] += gradient;
      if (op.d_token_type != nullptr) op.d_token_type[op.token_type_ids[t] * h + c] += gradient;
    }
  }
}

void layer_norm_forward(const LayerNormForward& op) {
  produce(op.producer);
  const std::int64_t h = op.hidden_size;
  for (std::int64_t t = 0; t < op.layout.tokens; ++t) {
    float *sum = op.sum + t * h, *y = op.y + t * h;
    for (std::int64_t c = 0; op.x != nullptr && c < h; ++c) {
      const float factor = op.dropout_after ? 1.0F : row_factor(op.dropout, op.layout, t, h, c);
      sum[c] = op.residual[t * h + c] + (op.x[t * h + c] + op.bias[c]) * factor;
    }
    layer_norm_row<float>(h, op.epsilon, sum, op.gamma, op.beta, y, op.mean[t], op.rstd[t]);
    for (std::int64_t c = 0; op.dropout_after && c < h; ++c)
      y[c] *= row_factor(op.dropout, op.layout, t, h, c);
  }
}

void layer_norm_backward(const LayerNormBackward& op) {
  produce(op.producer);
  const std::int64_t h = op.hidden_size;
  std::vector<float> dy(static_cast<std::size_t>(h));
  for (std::int64_t t = 0; t < op.layout.tokens; ++t) {
    for (std::int64_t c = 0; c < h; ++c) {
      dy[static_cast<std::size_t>(c)] =
          op.dy[t * h + c] * (op.dropout_after ? row_factor(op.dropout, op.layout, t, h, c) : 1.0F);
    }
    layer_norm_backward_row<float>(h, dy.data(), op.sum + t * h, op.mean[t], op.rstd[t], op.gamma,
                                   op.d_sum + t * h, op.d_gamma, op.d_beta);
    for (std::int64_t c = 0; op.dx != nullptr && c < h; ++c) {
      op.dx[t * h + c] = op.d_sum[t * h + c] * row_factor(op.dropout, op.layout, t, h, c);
      if (op.d_bias != nullptr) op.d_bias[c] += op.dx[t * h + c];
    }
  }
}

void activation_forward(const ActivationForward& op) {
  produce(op.producer);
  for (std::int64_t i = 0; i < op.rows * op.n; ++i) {
    op.x[i] += op.bias[i % op.n];
    op.y[i] = activate(op.activation, op.x[i]);
  }
}

void activation_backward(const ActivationBackward& op) {
  produce(op.producer);
  for (std::int64_t i = 0; i < op.rows * op.n; ++i) {
    op.dx[i] = op.dy[i] * activation_derivative(op.activation, op.x[i]);
    if (op.y != nullptr) op.y[i] = activate(op.activation, op.x[i]);
    if (op.d_bias != nullptr) op.d_bias[i % op.n] += op.dx[i];
  }
}

void attention_forward(const AttentionForward& op) {
  const std::int64_t h = op.heads * op.head_size, d = op.head_size;
  for_each_head(op.layout, op.heads,
                [&](std::int64_t first, std::int64_t length, std::uint32_t sequence, std::int64_t head) {
                  const float* q = op.qkv + first * 3 * h + head * d;
                  ref::attention_forward<float>(length, d, op.dropout, sequence,
                                                static_cast<std::uint32_t>(head), q, q + h, q + 2 * h, 3 * h,
                                                op.context + first * h + head * d, h,
                                                op.log_sum_exp + first * op.heads + head, op.heads);
                });
}

void attention_backward(const AttentionBackward& op) {
  const std::int64_t h = op.heads * op.head_size, d = op.head_size;
  for_each_head(op.layout, op.heads,
                [&](std::int64_t first, std::int64_t length, std::uint32_t sequence, std::int64_t head) {
                  const float* q = op.qkv + first * 3 * h + head * d;
                  float* dq = op.d_qkv + first * 3 * h + head * d;
                  ref::attention_backward<float>(
                      length, d, op.dropout, sequence, static_cast<std::uint32_t>(head), q, q + h, q + 2 * h,
                      3 * h, op.d_context + first * h + head * d, h, dq, dq + h, dq + 2 * h);
                });
}

void first_token_attention_forward(const FirstTokenAttention& op) {
  const std::int64_t d = op.head_size, h = op.heads * d;
  for (std::int64_t s = 0; s < op.layout.sequences; ++s) {
    const std::int64_t first = op.layout.cu_seqlens[s], length = op.layout.cu_seqlens[s + 1] - first;
    const auto sequence = static_cast<std::uint32_t>(op.layout.sequence[first]);
    for (std::int64_t head = 0; head < op.heads; ++head) {
      ref::first_token_attention_forward<float>(first_token_head(op, first, length, sequence, s, head),
                                                op.probabilities + first * op.heads + head * length,
                                                op.context + s * h + head * d);
    }
  }
}

void first_token_attention_backward(const FirstTokenAttentionBackward& op) {
  const FirstTokenAttention& f = op.forward;
  const std::int64_t d = f.head_size, h = f.heads * d;
  std::fill_n(op.dx, f.layout.tokens * h, 0.0F);
  for (std::int64_t s = 0; s < f.layout.sequences; ++s) {
    const std::int64_t first = f.layout.cu_seqlens[s], length = f.layout.cu_seqlens[s + 1] - first;
    const auto sequence = static_cast<std::uint32_t>(f.layout.sequence[first]);
    for (std::int64_t head = 0; head < f.heads; ++head) {
      ref::first_token_attention_backward<float>(
          first_token_head(f, first, length, sequence, s, head), op.d_context + s * h + head * d,
          op.d_query + s * h + head * d, op.dx + first * h, at(op.d_key_weight, head * d * h),
          at(op.d_value_weight, head * d * h), at(op.d_value_bias, head * d));
    }
  }
}

void gather_rows(const GatherRows& op) {
  for (std::int64_t i = 0; i < op.count; ++i)
    std::copy_n(op.x + op.indices[i] * op.n, op.n, op.rows + i * op.n);
}

void add_to_rows(const AddToRows& op) {
  for (std::int64_t i = 0; i < op.count * op.n; ++i)
    op.x[op.indices[i / op.n] * op.n + i % op.n] += op.rows[i];
}

void dropout_rows(const DropoutRows& op) {
  for (std::int64_t i = 0; i < op.layout.tokens * op.n; ++i) {
    const std::int64_t t = i / op.n;
    op.y[i] =
        op.x[i] * dropout_factor<float>(op.dropout, static_cast<std::uint32_t>(op.layout.sequence[t]), 0,
                                        static_cast<std::uint64_t>(op.layout.position[t] * op.n + i % op.n));
  }
}

void cross_entropy(const CrossEntropy& op) {
  set(op.loss, ref::cross_entropy<float>(op.rows, op.classes, op.logits, op.labels, op.d_logits,
                                         {op.items, op.class_weights, op.smoothing, op.focal_gamma}));
}

void binary_cross_entropy(const ElementwiseLoss& op) {
  set(op.loss, ref::binary_cross_entropy<float>(op.rows, op.n, op.logits, op.targets, op.d_logits,
                                                {op.items, op.positive_weights, 0, op.focal_gamma}));
}

void mean_squared_error(const ElementwiseLoss& op) {
  set(op.loss, ref::mean_squared_error<float>(op.rows, op.n, op.logits, op.targets, op.d_logits, op.items));
}

void span_loss(const SpanLoss& op) {
  float* d_end = op.d_logits != nullptr ? op.d_logits + 1 : nullptr;
  const double start = ref::span_end_loss<float>(op.sequences, op.cu_seqlens, op.logits, op.starts,
                                                 op.d_logits, op.start_items);
  const double end =
      ref::span_end_loss<float>(op.sequences, op.cu_seqlens, op.logits + 1, op.ends, d_end, op.end_items);
  set(op.loss, (start + end) / 2);
}

const OpTable kTable = {.name = "ref",
                        .host_memory = true,
                        .allocate = host::allocate,
                        .release = host::release,
                        .commit = host::commit,
                        .upload = host::copy,
                        .download = host::copy,
                        .packed_size = [](const Matmul&) { return std::int64_t{0}; },
#define BERTUNE_ENTRY(name, Op) .name = name,
                        BERTUNE_OPERATIONS(BERTUNE_ENTRY)
#undef BERTUNE_ENTRY
};

}  // namespace bertune::kernels::ref
