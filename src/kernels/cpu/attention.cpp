#include "kernels/cpu/attention.h"

#include "kernels/cpu/dropout.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/small_matmul.h"
#include "kernels/cpu/softmax.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int64_t kQueryBlock = 32;  // rows of the score matrix that are in the cache at a time
constexpr std::int64_t kPad = 16;  // columns are padded with zeros to this, so that inner loops have no tails

// A sequence and a head of it: what one task works on.
struct Head {
  std::int64_t first, length, sequence, head, size;
  std::int64_t padded_length, padded_size;
};

template <typename Op>
Head head_of(const Op& op, std::int64_t task) {
  const std::int64_t s = task / op.heads, first = op.layout.cu_seqlens[s],
                     length = op.layout.cu_seqlens[s + 1] - first;
  return {first,
          length,
          length > 0 ? op.layout.sequence[first] : 0,
          task % op.heads,
          op.head_size,
          round_up(length, kPad),
          round_up(op.head_size, kPad)};
}

// to[c][j] = from[j][c] * scale, columns from `rows` to `padded_rows` zero.
void transpose(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float scale,
               float* to, std::int64_t padded_rows) {
  for (std::int64_t c = 0; c < columns; ++c) {
    float* row = to + c * padded_rows;
    for (std::int64_t j = 0; j < rows; ++j) row[j] = from[j * stride + c] * scale;
    for (std::int64_t j = rows; j < padded_rows; ++j) row[j] = 0;
  }
}

void copy_padded(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to,
                 std::int64_t padded_columns) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t c = 0; c < columns; ++c) to[i * padded_columns + c] = from[i * stride + c];
    for (std::int64_t c = columns; c < padded_columns; ++c) to[i * padded_columns + c] = 0;
  }
}

void copy_unpadded(const float* from, std::int64_t padded_columns, std::int64_t rows, std::int64_t columns,
                   float* to, std::int64_t stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t c = 0; c < columns; ++c) to[i * stride + c] = from[i * padded_columns + c];
  }
}

void forward_head(const AttentionForward& op, const Head& head) {
  const std::int64_t h = op.heads * head.size, stride = 3 * h, n = head.length, np = head.padded_length,
                     dp = head.padded_size;
  const float* q = op.qkv + head.first * stride + head.head * head.size;
  float* scratch = thread_scratch(head.size * np + n * dp + kQueryBlock * (np + dp) + np);
  float *keys = scratch, *values = keys + head.size * np, *scores = values + n * dp;
  float *context = scores + kQueryBlock * np, *factors = context + kQueryBlock * dp;
  transpose(q + h, stride, n, head.size, 1.0F / __builtin_sqrtf(static_cast<float>(head.size)), keys, np);
  copy_padded(q + 2 * h, stride, n, head.size, values, dp);
  const DropoutStream dropout(op.dropout, head.sequence, head.head);
  for (std::int64_t first = 0; first < n; first += kQueryBlock) {
    const std::int64_t rows = smaller(kQueryBlock, n - first);
    small_matmul(rows, np, head.size, {q + first * stride, stride, 1}, keys, np, scores, np, false);
    for (std::int64_t i = 0; i < rows; ++i) {
      float* row = scores + i * np;
      op.log_sum_exp[(head.first + first + i) * op.heads + head.head] = softmax_row(row, n, np);
      if (op.dropout.probability > 0) {
        dropout.factors((first + i) * n, n, factors);
#pragma omp simd
        for (std::int64_t j = 0; j < n; ++j) row[j] *= factors[j];
      }
    }
    small_matmul(rows, dp, n, {scores, np, 1}, values, dp, context, dp, false);
    copy_unpadded(context, dp, rows, head.size, op.context + (head.first + first) * h + head.head * head.size,
                  h);
  }
}

// Scratch of one head's backward.
struct BackwardScratch {
  float *keys_t, *values_t;                // [size, padded_length]
  float *keys, *d_keys, *d_values;         // [length, padded_size]
  float *p, *ds;                           // [kQueryBlock, padded_length]
  float *queries, *d_context, *d_queries;  // [kQueryBlock, padded_size]
  float* factors;                          // [padded_length]

  explicit BackwardScratch(const Head& head) {
    const std::int64_t np = head.padded_length, dp = head.padded_size, d = head.size, n = head.length;
    float* next = thread_scratch(2 * d * np + 3 * n * dp + 2 * kQueryBlock * np + 3 * kQueryBlock * dp + np);
    const auto take = [&next](std::int64_t size) {
      float* taken = next;
      next += size;
      return taken;
    };
    keys_t = take(d * np), values_t = take(d * np);
    keys = take(n * dp), d_keys = take(n * dp), d_values = take(n * dp);
    p = take(kQueryBlock * np), ds = take(kQueryBlock * np);
    queries = take(kQueryBlock * dp), d_context = take(kQueryBlock * dp), d_queries = take(kQueryBlock * dp);
    factors = take(np);
  }
};

// On entry p holds scaled scores and ds the gradient of the dropped-out probabilities; on return p holds
// those probabilities and ds the gradient of the unscaled scores.
void softmax_backward_row(float* p, float* ds, const float* factors, float log_sum_exp, float scale,
                          std::int64_t n, std::int64_t padded) {
  float delta = 0;
#pragma omp simd reduction(+ : delta)
  for (std::int64_t j = 0; j < n; ++j) {
    p[j] = exponential(p[j] - log_sum_exp);
    ds[j] *= factors[j];
    delta += p[j] * ds[j];
  }
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) {
    ds[j] = p[j] * (ds[j] - delta) * scale;
    p[j] *= factors[j];
  }
  for (std::int64_t j = n; j < padded; ++j) p[j] = ds[j] = 0;
}

void backward_head(const AttentionBackward& op, const Head& head) {
  const std::int64_t h = op.heads * head.size, stride = 3 * h, n = head.length, np = head.padded_length,
                     dp = head.padded_size, d = head.size;
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(d));
  const std::int64_t at = head.first * stride + head.head * d;
  const float *q = op.qkv + at, *d_context = op.d_context + head.first * h + head.head * d;
  float* d_q = op.d_qkv + at;
  const BackwardScratch s(head);
  transpose(q + h, stride, n, d, scale, s.keys_t, np);
  transpose(q + 2 * h, stride, n, d, 1.0F, s.values_t, np);
  copy_padded(q + h, stride, n, d, s.keys, dp);
  for (std::int64_t i = 0; i < n * dp; ++i) s.d_keys[i] = s.d_values[i] = 0;
  for (std::int64_t j = 0; j < n; ++j) s.factors[j] = 1.0F;
  const DropoutStream dropout(op.dropout, head.sequence, head.head);
  for (std::int64_t first = 0; first < n; first += kQueryBlock) {
    const std::int64_t rows = smaller(kQueryBlock, n - first);
    copy_padded(q + first * stride, stride, rows, d, s.queries, dp);
    copy_padded(d_context + first * h, h, rows, d, s.d_context, dp);
    small_matmul(rows, np, d, {s.queries, dp, 1}, s.keys_t, np, s.p, np, false);
    small_matmul(rows, np, d, {s.d_context, dp, 1}, s.values_t, np, s.ds, np, false);
    for (std::int64_t i = 0; i < rows; ++i) {
      if (op.dropout.probability > 0) dropout.factors((first + i) * n, n, s.factors);
      softmax_backward_row(s.p + i * np, s.ds + i * np, s.factors,
                           op.log_sum_exp[(head.first + first + i) * op.heads + head.head], scale, n, np);
    }
    small_matmul(rows, dp, n, {s.ds, np, 1}, s.keys, dp, s.d_queries, dp, false);
    small_matmul(n, dp, rows, {s.ds, 1, np}, s.queries, dp, s.d_keys, dp, true);
    small_matmul(n, dp, rows, {s.p, 1, np}, s.d_context, dp, s.d_values, dp, true);
    copy_unpadded(s.d_queries, dp, rows, d, d_q + first * stride, stride);
  }
  copy_unpadded(s.d_keys, dp, n, d, d_q + h, stride);
  copy_unpadded(s.d_values, dp, n, d, d_q + 2 * h, stride);
}

}  // namespace

void attention_forward(const AttentionForward& op) {
  parallel_for(op.layout.sequences * op.heads,
               [&](std::int64_t task) { forward_head(op, head_of(op, task)); });
}

void attention_backward(const AttentionBackward& op) {
  parallel_for(op.layout.sequences * op.heads,
               [&](std::int64_t task) { backward_head(op, head_of(op, task)); });
}

}  // namespace bertune::kernels::BERTUNE_ISA
