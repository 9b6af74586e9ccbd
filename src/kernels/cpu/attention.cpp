#include "kernels/cpu/operations.h"

#include "kernels/cpu/dropout.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_sum.h"
#include "kernels/cpu/small_matmul.h"
#include "kernels/cpu/softmax.h"
#include "kernels/cpu/transpose.h"
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

// Rows of a head as the products read and write them: padded to whole vectors. Where head_size is that
// already, they are used where they lie.
struct Rows {
  float* data;
  std::int64_t stride;
};

Rows padded_rows(const float* from, std::int64_t stride, std::int64_t rows, const Head& head, float* copy) {
  if (head.size == head.padded_size) return {const_cast<float*>(from), stride};
  for (std::int64_t i = 0; i < rows; ++i) {
    float* to = copy + i * head.padded_size;
    for (std::int64_t c = 0; c < head.size; ++c) to[c] = from[i * stride + c];
    for (std::int64_t c = head.size; c < head.padded_size; ++c) to[c] = 0;
  }
  return {copy, head.padded_size};
}

// Returns where to compute rows that finish() then brings to `to`.
Rows target_rows(float* to, std::int64_t stride, const Head& head, float* copy) {
  if (head.size == head.padded_size) return {to, stride};
  return {copy, head.padded_size};
}
void finish(const Rows& computed, std::int64_t rows, const Head& head, float* to, std::int64_t stride) {
  if (computed.data == to) return;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t c = 0; c < head.size; ++c) to[i * stride + c] = computed.data[i * computed.stride + c];
  }
}

// Pieces of a thread's scratch.
class Pieces {
 public:
  explicit Pieces(std::int64_t floats) : next_(thread_scratch(floats)) {}
  float* take(std::int64_t floats) {
    float* taken = next_;
    next_ += floats;
    return taken;
  }

 private:
  float* next_;
};

// The dropout factors of a block of rows, one after another without padding: drawn at once, for a draw yields
// many.
std::int64_t factors_size(const Head& head) {
  return min(kQueryBlock, head.length) * head.length + head.padded_length;
}
void draw_factors(const DropoutStream& dropout, const Head& head, std::int64_t first_row, std::int64_t rows,
                  float* factors) {
  dropout.factors(first_row * head.length, rows * head.length, factors);
  for (std::int64_t j = 0; j < head.padded_length; ++j) factors[rows * head.length + j] = 0;
}

void forward_head(const AttentionForward& op, const Head& head) {
  const std::int64_t h = op.heads * head.size, stride = 3 * h, n = head.length, np = head.padded_length,
                     dp = head.padded_size;
  const float* q = op.qkv + head.first * stride + head.head * head.size;
  float* context = op.context + head.first * h + head.head * head.size;
  Pieces pieces(head.size * np + n * dp + kQueryBlock * (np + dp) + factors_size(head));
  float *keys = pieces.take(head.size * np), *scores = pieces.take(kQueryBlock * np),
        *context_copy = pieces.take(kQueryBlock * dp), *factors = pieces.take(factors_size(head));
  transpose(q + h, stride, n, head.size, 1.0F / __builtin_sqrtf(static_cast<float>(head.size)), keys, np);
  const Rows values = padded_rows(q + 2 * h, stride, n, head, pieces.take(n * dp));
  const DropoutStream dropout(op.dropout, head.sequence, head.head);
  const bool drops = op.dropout.probability > 0;
  for (std::int64_t first = 0; first < n; first += kQueryBlock) {
    const std::int64_t rows = min(kQueryBlock, n - first);
    small_matmul(rows, np, head.size, {q + first * stride, stride, 1}, keys, np, scores, np, false);
    if (drops) draw_factors(dropout, head, first, rows, factors);
    // Rows that are not there leave logarithms that nobody reads.
    alignas(64) float row_max[kQueryBlock], sums[kQueryBlock];
    for (std::int64_t i = 0; i < kQueryBlock; ++i) row_max[i] = sums[i] = 1;
    for (std::int64_t i = 0; i < rows; ++i) {
      const SoftmaxNumerators softmax =
          softmax_numerators(scores + i * np, n, drops ? factors + i * n : nullptr);
      row_max[i] = softmax.max, sums[i] = softmax.sum;
    }
    const Rows to = target_rows(context + first * h, h, head, context_copy);
    small_matmul(rows, dp, n, {scores, np, 1}, values.data, values.stride, to.data, to.stride, false);
    // The rows are divided only now: none has to wait for its sum before the product.
    for (std::int64_t i = 0; i < rows; ++i) {
      const float inverse = 1.0F / sums[i];
      float* row = to.data + i * to.stride;
      for (std::int64_t c = 0; c < dp; c += kLanes) store(row + c, load(row + c) * inverse);
    }
    for (std::int64_t i = 0; i < kQueryBlock; i += kLanes)
      store(row_max + i, load(row_max + i) + log(load(sums + i)));
    for (std::int64_t i = 0; i < rows; ++i)
      op.log_sum_exp[(head.first + first + i) * op.heads + head.head] = row_max[i];
    finish(to, rows, head, context + first * h, h);
  }
}

// Computes the backward pass of softmax in one row: on entry p holds scaled scores and ds the gradient of the
// dropped-out probabilities; on return p holds those probabilities and ds the gradient of the unscaled
// scores. factors: null without dropout. The padding of ds is zero; that of p and the factors may hold any
// numbers.
void softmax_backward_row(float* p, float* ds, const float* factors, float log_sum_exp, float scale,
                          std::int64_t padded) {
  Vec products{};
  for (std::int64_t j = 0; j < padded; j += kLanes) {
    const Vec probabilities = exp(load(p + j) - log_sum_exp);
    const Vec gradient = factors != nullptr ? load(ds + j) * load(factors + j) : load(ds + j);
    products += probabilities * gradient;
    store(p + j, probabilities);
    store(ds + j, gradient);
  }
  const float delta = sum_of_lanes(products);
  for (std::int64_t j = 0; j < padded; j += kLanes) {
    const Vec probabilities = load(p + j);
    store(ds + j, probabilities * (load(ds + j) - delta) * scale);
    if (factors != nullptr) store(p + j, probabilities * load(factors + j));
  }
}

void backward_head(const AttentionBackward& op, const Head& head) {
  const std::int64_t h = op.heads * head.size, stride = 3 * h, n = head.length, np = head.padded_length,
                     dp = head.padded_size, d = head.size;
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(d));
  const std::int64_t at = head.first * stride + head.head * d;
  const float *q = op.qkv + at, *d_context = op.d_context + head.first * h + head.head * d;
  float *d_q = op.d_qkv + at, *d_k = d_q + h, *d_v = d_k + h;
  Pieces pieces(2 * d * np + 3 * n * dp + 2 * kQueryBlock * np + 3 * kQueryBlock * dp + factors_size(head));
  float *keys_t = pieces.take(d * np), *values_t = pieces.take(d * np), *p = pieces.take(kQueryBlock * np),
        *ds = pieces.take(kQueryBlock * np), *queries_copy = pieces.take(kQueryBlock * dp),
        *d_context_copy = pieces.take(kQueryBlock * dp), *d_queries_copy = pieces.take(kQueryBlock * dp),
        *factors = pieces.take(factors_size(head));
  transpose(q + h, stride, n, d, scale, keys_t, np);
  transpose(q + 2 * h, stride, n, d, 1.0F, values_t, np);
  const Rows keys = padded_rows(q + h, stride, n, head, pieces.take(n * dp));
  const Rows d_keys = target_rows(d_k, stride, head, pieces.take(n * dp));
  const Rows d_values = target_rows(d_v, stride, head, pieces.take(n * dp));
  const DropoutStream dropout(op.dropout, head.sequence, head.head);
  const bool drops = op.dropout.probability > 0;
  for (std::int64_t first = 0; first < n; first += kQueryBlock) {
    const std::int64_t rows = min(kQueryBlock, n - first);
    const Rows queries = padded_rows(q + first * stride, stride, rows, head, queries_copy);
    const Rows upstream = padded_rows(d_context + first * h, h, rows, head, d_context_copy);
    small_matmul(rows, np, d, {queries.data, queries.stride, 1}, keys_t, np, p, np, false);
    small_matmul(rows, np, d, {upstream.data, upstream.stride, 1}, values_t, np, ds, np, false);
    if (drops) draw_factors(dropout, head, first, rows, factors);
    for (std::int64_t i = 0; i < rows; ++i) {
      softmax_backward_row(p + i * np, ds + i * np, drops ? factors + i * n : nullptr,
                           op.log_sum_exp[(head.first + first + i) * op.heads + head.head], scale, np);
    }
    const Rows d_queries = target_rows(d_q + first * stride, stride, head, d_queries_copy);
    const bool later = first > 0;
    small_matmul(rows, dp, n, {ds, np, 1}, keys.data, keys.stride, d_queries.data, d_queries.stride, false);
    small_matmul(n, dp, rows, {ds, 1, np}, queries.data, queries.stride, d_keys.data, d_keys.stride, later);
    small_matmul(n, dp, rows, {p, 1, np}, upstream.data, upstream.stride, d_values.data, d_values.stride,
                 later);
    finish(d_queries, rows, head, d_q + first * stride, stride);
  }
  finish(d_keys, n, head, d_k, stride);
  finish(d_values, n, head, d_v, stride);
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
