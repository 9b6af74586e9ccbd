#include "kernels/cpu/loss.h"

#include <cmath>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int32_t kIgnored = -100;

// The loss of one row; with `d` its gradient times `weight`, which may overwrite the row.
float cross_entropy_row(std::int64_t classes, const float* row, std::int32_t label, float weight, float* d) {
  const float wanted = row[label];
  float largest = row[0], sum = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t c = 0; c < classes; ++c) largest = row[c] > largest ? row[c] : largest;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < classes; ++c) sum += exponential(row[c] - largest);
  if (d != nullptr) {
    const float scale = weight / sum;
#pragma omp simd
    for (std::int64_t c = 0; c < classes; ++c) d[c] = exponential(row[c] - largest) * scale;
    d[label] -= weight;
  }
  return largest + logf(sum) - wanted;
}

}  // namespace

double cross_entropy(const CrossEntropy& op) {
  std::int64_t counted = 0;
  for (std::int64_t i = 0; i < op.rows; ++i) counted += op.labels[i] != kIgnored;
  const float weight = counted > 0 ? 1.0F / static_cast<float>(counted) : 0.0F;
  float* losses = thread_scratch(op.rows);
  parallel_for(block_count(op.rows, kRowBlock), [&](std::int64_t block) {
    for (std::int64_t i = block * kRowBlock; i < smaller((block + 1) * kRowBlock, op.rows); ++i) {
      float* d = op.d_logits != nullptr ? op.d_logits + i * op.classes : nullptr;
      losses[i] = 0;
      if (op.labels[i] != kIgnored) {
        losses[i] = cross_entropy_row(op.classes, op.logits + i * op.classes, op.labels[i], weight, d);
      } else if (d != nullptr) {
        for (std::int64_t c = 0; c < op.classes; ++c) d[c] = 0;
      }
    }
  });
  double sum = 0;
  for (std::int64_t i = 0; i < op.rows; ++i) sum += losses[i];
  return counted > 0 ? sum / static_cast<double>(counted) : 0;
}

}  // namespace bertune::kernels::BERTUNE_ISA
