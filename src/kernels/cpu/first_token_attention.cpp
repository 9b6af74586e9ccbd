// All of it is matrix products: small ones with the weights, one per head, and with the tokens, one per
// sequence.
#include "kernels/cpu/operations.h"

#include "kernels/cpu/dropout.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/softmax.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// C[m,n] (+)= A[m,k] · B[k,n], or Bᵀ with B [n,k].
enum class B { plain, transposed };
void multiply(B b_layout, std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t lda,
              const float* b, std::int64_t ldb, float* c, std::int64_t ldc, bool accumulate = false) {
  matmul({false, b_layout == B::transposed, m, n, k, a, lda, b, ldb, accumulate, c, ldc});
}
// C[m,n] += A[k,m]ᵀ · B[k,n]
void add_outer(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t lda,
               const float* b, std::int64_t ldb, float* c, std::int64_t ldc) {
  matmul({true, false, m, n, k, a, lda, b, ldb, true, c, ldc});
}

struct Sequence {
  std::int64_t first, length, place;
};
Sequence sequence_of(const Layout& layout, std::int64_t s) {
  const std::int64_t first = layout.cu_seqlens[s];
  return {first, layout.cu_seqlens[s + 1] - first, layout.sequence[first]};
}

float score_scale(const FirstTokenAttention& op) {
  return 1.0F / __builtin_sqrtf(static_cast<float>(op.head_size));
}

// `to` = the probabilities of a head after dropout; returns their sum.
float drop(const FirstTokenAttention& op, const Sequence& sequence, std::int64_t head,
           const float* probabilities, float* factors, float* to) {
  const std::int64_t n = sequence.length;
  if (op.dropout.probability > 0) {
    DropoutStream(op.dropout, sequence.place, head).factors(0, n, factors);
  } else {
    for (std::int64_t j = 0; j < n; ++j) factors[j] = 1.0F;
  }
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < n; ++j) sum += to[j] = probabilities[j] * factors[j];
  return sum;
}

void forward_sequence(const FirstTokenAttention& op, std::int64_t s) {
  const Sequence sequence = sequence_of(op.layout, s);
  const std::int64_t h = op.heads * op.head_size, n = sequence.length, at = s * op.heads * h;
  const float *x = op.x + sequence.first * h, scale = score_scale(op);
  float* p = op.probabilities + sequence.first * op.heads;
  float *dropped = thread_scratch((op.heads + 2) * n + kLanes), *factors = dropped + op.heads * n,
        *powers = factors + n;
  multiply(B::transposed, op.heads, n, h, op.absorbed_query + at, h, x, h, p, n);
  for (std::int64_t head = 0; head < op.heads; ++head) {
    float* row = p + head * n;
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) powers[j] = row[j] * scale;
    const float inverse = 1.0F / softmax_numerators(powers, n).sum;
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) row[j] = powers[j] * inverse;
    op.probability_sums[s * op.heads + head] = drop(op, sequence, head, row, factors, dropped + head * n);
  }
  multiply(B::plain, op.heads, h, n, dropped, n, x, h, op.mixed_input + at, h);
}

void backward_sequence(const FirstTokenAttentionBackward& op, std::int64_t s) {
  const FirstTokenAttention& f = op.forward;
  const Sequence sequence = sequence_of(f.layout, s);
  const std::int64_t h = f.heads * f.head_size, n = sequence.length, at = s * f.heads * h;
  const float *x = f.x + sequence.first * h, *p = f.probabilities + sequence.first * f.heads,
              scale = score_scale(f);
  float* dropped = thread_scratch((2 * f.heads + 1) * n);
  float *d_scores = dropped + f.heads * n, *factors = d_scores + f.heads * n;
  multiply(B::transposed, f.heads, n, h, op.d_mixed_input + at, h, x, h, d_scores, n);
  for (std::int64_t head = 0; head < f.heads; ++head) {
    const float *probability = p + head * n, *d_context = op.d_context + s * h + head * f.head_size,
                *bias = f.value_bias + head * f.head_size;
    float *ds = d_scores + head * n, d_sum = 0, delta = 0;
    for (std::int64_t c = 0; c < f.head_size; ++c) d_sum += d_context[c] * bias[c];
    drop(f, sequence, head, probability, factors, dropped + head * n);
#pragma omp simd reduction(+ : delta)
    for (std::int64_t j = 0; j < n; ++j) {
      ds[j] = (ds[j] + d_sum) * factors[j];
      delta += probability[j] * ds[j];
    }
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) ds[j] = probability[j] * (ds[j] - delta) * scale;
  }
  float* dx = op.dx + sequence.first * h;
  multiply(B::plain, f.heads, h, n, d_scores, n, x, h, op.d_absorbed_query + at, h);
  matmul({true, false, n, h, f.heads, d_scores, n, f.absorbed_query + at, h, false, dx, h});
  add_outer(n, h, f.heads, dropped, n, op.d_mixed_input + at, h, dx, h);
}

}  // namespace

void first_token_attention_forward(const FirstTokenAttention& op) {
  const std::int64_t sequences = op.layout.sequences, d = op.head_size, h = op.heads * d, wide = op.heads * h;
  parallel_for(op.heads, [&](std::int64_t head) {
    multiply(B::plain, sequences, h, d, op.query + head * d, h, op.key_weight + head * d * h, h,
             op.absorbed_query + head * h, wide);
  });
  parallel_for(sequences, [&](std::int64_t s) { forward_sequence(op, s); });
  parallel_for(op.heads, [&](std::int64_t head) {
    multiply(B::transposed, sequences, d, h, op.mixed_input + head * h, wide, op.value_weight + head * d * h,
             h, op.context + head * d, h);
    for (std::int64_t s = 0; s < sequences; ++s) {
      const float sum = op.probability_sums[s * op.heads + head];
      for (std::int64_t c = head * d; c < (head + 1) * d; ++c)
        op.context[s * h + c] += sum * op.value_bias[c];
    }
  });
}

void first_token_attention_backward(const FirstTokenAttentionBackward& op) {
  const FirstTokenAttention& f = op.forward;
  const std::int64_t sequences = f.layout.sequences, d = f.head_size, h = f.heads * d, wide = f.heads * h;
  parallel_for(f.heads, [&](std::int64_t head) {
    const std::int64_t weight = head * d * h;
    multiply(B::plain, sequences, h, d, op.d_context + head * d, h, f.value_weight + weight, h,
             op.d_mixed_input + head * h, wide);
    if (op.d_value_weight != nullptr) {
      add_outer(d, h, sequences, op.d_context + head * d, h, f.mixed_input + head * h, wide,
                op.d_value_weight + weight, h);
    }
    for (std::int64_t s = 0; op.d_value_bias != nullptr && s < sequences; ++s) {
      const float sum = f.probability_sums[s * f.heads + head];
      for (std::int64_t c = head * d; c < (head + 1) * d; ++c)
        op.d_value_bias[c] += sum * op.d_context[s * h + c];
    }
  });
  parallel_for(sequences, [&](std::int64_t s) { backward_sequence(op, s); });
  parallel_for(f.heads, [&](std::int64_t head) {
    const std::int64_t weight = head * d * h;
    multiply(B::transposed, sequences, d, h, op.d_absorbed_query + head * h, wide, f.key_weight + weight, h,
             op.d_query + head * d, h);
    if (op.d_key_weight != nullptr) {
      add_outer(d, h, sequences, f.query + head * d, h, op.d_absorbed_query + head * h, wide,
                op.d_key_weight + weight, h);
    }
  });
}

}  // namespace bertune::kernels::BERTUNE_ISA
