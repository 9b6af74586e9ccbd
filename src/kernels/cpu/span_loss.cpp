// The loss of question answering: a softmax over the tokens of each sequence, in double.
#include <cmath>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/operations.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// e^x of x <= 0, to about 1e-16 relative, without branches or calls: x = n ln 2 + r with |r| <= ln(2)/2, a
// polynomial for e^r, then n into the exponent's bits. Below -700 it saturates.
inline double exp(double x) {
  constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer in the low bits
  x = x < -700.0 ? -700.0 : x;
  const double shifted = x * 1.4426950408889634 + kRound, n = shifted - kRound;
  const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;  // ln 2 in two parts
  double p = 1.6059043836821613e-10;                                                    // 1 / 13!
  p = p * r + 2.08767569878681e-9;
  p = p * r + 2.505210838544172e-8;
  p = p * r + 2.755731922398589e-7;
  p = p * r + 2.7557319223985893e-6;
  p = p * r + 2.48015873015873e-5;
  p = p * r + 1.984126984126984e-4;
  p = p * r + 1.388888888888889e-3;
  p = p * r + 8.333333333333333e-3;
  p = p * r + 4.1666666666666664e-2;
  p = p * r + 0.16666666666666666;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const std::uint64_t power =
      (__builtin_bit_cast(std::uint64_t, shifted) << 52) + (std::uint64_t{1023} << 52);
  return p * __builtin_bit_cast(double, power);
}

// One end of the answer in one sequence: every second number of [length, 2].
struct End {
  const float* logits;
  float* d_logits;  // null: not wanted
  std::int64_t length;
  std::int32_t position;

  bool counts() const { return position >= 0 && position < length; }

  // -log softmax at the position, where it counts; the gradient of that, divided by `items`.
  double loss(double items) const {
    const double wanted = counts() ? logits[2 * position] : 0;
    double row_max = length > 0 ? logits[0] : 0, sum = 0;
    for (std::int64_t t = 1; t < length; ++t) row_max = row_max < logits[2 * t] ? logits[2 * t] : row_max;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t t = 0; t < length; ++t) sum += exp(logits[2 * t] - row_max);
    const double log_sum = row_max + ::log(sum);
    if (d_logits != nullptr && counts()) {
#pragma omp simd
      for (std::int64_t t = 0; t < length; ++t) {
        const double p = exp(logits[2 * t] - log_sum);
        d_logits[2 * t] = static_cast<float>((t == position ? p - 1.0 : p) / items / 2);
      }
    } else if (d_logits != nullptr) {
      for (std::int64_t t = 0; t < length; ++t) d_logits[2 * t] = 0;
    }
    return counts() ? log_sum - wanted : 0;
  }
};

}  // namespace

void span_loss(const SpanLoss& op) {
  const std::int32_t* positions[2] = {op.starts, op.ends};
  double items[2] = {op.start_items, op.end_items};
  const auto end_of = [&](std::int64_t s, std::int64_t which) {
    const std::int64_t first = 2 * std::int64_t{op.cu_seqlens[s]} + which;
    return End{op.logits + first, op.d_logits != nullptr ? op.d_logits + first : nullptr,
               op.cu_seqlens[s + 1] - op.cu_seqlens[s], positions[which][s]};
  };
  for (std::int64_t which = 0; which < 2; ++which) {
    const bool given = items[which] > 0;
    for (std::int64_t s = 0; s < op.sequences && !given; ++s)
      items[which] += end_of(s, which).counts() ? 1 : 0;
  }
  // The losses are those of each sequence's start and end.
  auto* losses = reinterpret_cast<double*>(thread_scratch(4 * op.sequences));
  parallel_for(op.sequences, [&](std::int64_t s) {
    for (std::int64_t which = 0; which < 2; ++which)
      losses[2 * s + which] = end_of(s, which).loss(items[which]);
  });
  if (op.loss == nullptr) return;
  double sums[2] = {};
  for (std::int64_t i = 0; i < 2 * op.sequences; ++i) sums[i % 2] += losses[i];
  for (int which = 0; which < 2; ++which) sums[which] = items[which] > 0 ? sums[which] / items[which] : 0;
  *op.loss = (sums[0] + sums[1]) / 2;
}

}  // namespace bertune::kernels::BERTUNE_ISA
