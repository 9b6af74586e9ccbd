#include "kernels/cpu/operations.h"

#include <cmath>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/ref/table.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int32_t kIgnored = -100;

// The maximum of a row, and the sum of its exponentials.
struct Softmax {
  float max, sum;
};

Softmax softmax_of(std::int64_t classes, const float* row) {
  float row_max = row[0], sum = 0;
#pragma omp simd reduction(max : row_max)
  for (std::int64_t c = 0; c < classes; ++c) row_max = row[c] > row_max ? row[c] : row_max;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < classes; ++c) sum += exp(row[c] - row_max);
  return {row_max, sum};
}

// The loss of one row; with `d` its gradient times `weight`, which may overwrite the row.
float cross_entropy_row(std::int64_t classes, const float* row, std::int32_t label, float weight, float* d) {
  const float wanted = row[label];
  const Softmax softmax = softmax_of(classes, row);
  if (d != nullptr) {
    const float scale = weight / softmax.sum;
#pragma omp simd
    for (std::int64_t c = 0; c < classes; ++c) d[c] = exp(row[c] - softmax.max) * scale;
    d[label] -= weight;
  }
  return softmax.max + logf(softmax.sum) - wanted;
}

float weight_of(const CrossEntropy& op, std::int64_t c) {
  return op.class_weights != nullptr ? op.class_weights[c] : 1.0F;
}

// Computes the loss of a row with class weights, smoothing or both. `losses` are sums over the classes of w_c
// (-log p_c).
float smoothed_row(const CrossEntropy& op, const float* row, std::int32_t label, float weight, float* d) {
  const Softmax softmax = softmax_of(op.classes, row);
  const float log_sum = logf(softmax.sum), each = op.smoothing / static_cast<float>(op.classes);
  const float wanted = (1.0F - op.smoothing) * weight_of(op, label);
  const float own_loss = softmax.max - row[label] + log_sum;
  float losses = 0, weights = 0;
  if (op.smoothing > 0 && op.class_weights != nullptr) {
#pragma omp simd reduction(+ : losses, weights)
    for (std::int64_t c = 0; c < op.classes; ++c) {
      losses += op.class_weights[c] * (softmax.max - row[c] + log_sum);
      weights += op.class_weights[c];
    }
  } else if (op.smoothing > 0) {
#pragma omp simd reduction(+ : losses)
    for (std::int64_t c = 0; c < op.classes; ++c) losses += softmax.max - row[c] + log_sum;
    weights = static_cast<float>(op.classes);
  }
  if (d != nullptr) {
    const float scale = weight * (wanted + each * weights) / softmax.sum;
    if (op.class_weights != nullptr) {
#pragma omp simd
      for (std::int64_t c = 0; c < op.classes; ++c)
        d[c] = exp(row[c] - softmax.max) * scale - weight * each * op.class_weights[c];
    } else {
#pragma omp simd
      for (std::int64_t c = 0; c < op.classes; ++c) d[c] = exp(row[c] - softmax.max) * scale - weight * each;
    }
    d[label] -= weight * wanted;
  }
  return wanted * own_loss + each * losses;
}

// 1 - p is the sum over the other classes: as a difference it would lose its digits where p is near 1.
float focal_row(const CrossEntropy& op, const float* row, std::int32_t label, float weight, float* d) {
  const Softmax softmax = softmax_of(op.classes, row);
  float others = 0;
#pragma omp simd reduction(+ : others)
  for (std::int64_t c = 0; c < op.classes; ++c) others += select(c != label, exp(row[c] - softmax.max), 0.0F);
  others /= softmax.sum;
  const float own_loss = softmax.max - row[label] + logf(softmax.sum);
  const float p = exp(row[label] - softmax.max) / softmax.sum;
  const float factor = others > 0 ? powf(others, op.focal_gamma) : 0.0F;
  const float slope = others > 0 ? op.focal_gamma * p * factor / others * own_loss : 0.0F;
  const float scaled = weight_of(op, label) * weight * (factor + slope);
  if (d != nullptr) {
    for (std::int64_t c = 0; c < op.classes; ++c) d[c] = exp(row[c] - softmax.max) / softmax.sum * scaled;
    d[label] = -others * scaled;
  }
  return weight_of(op, label) * factor * own_loss;
}

float row_loss(const CrossEntropy& op, const float* row, std::int32_t label, float weight, float* d) {
  if (op.focal_gamma > 0) return focal_row(op, row, label, weight, d);
  if (op.smoothing > 0 || op.class_weights != nullptr) return smoothed_row(op, row, label, weight, d);
  return cross_entropy_row(op.classes, row, label, weight, d);
}

}  // namespace

void cross_entropy(const CrossEntropy& op) {
  double items = op.items;
  for (std::int64_t i = 0; i < op.rows && op.items == 0; ++i)
    items += op.labels[i] != kIgnored ? static_cast<double>(weight_of(op, op.labels[i])) : 0.0;
  const float weight = items > 0 ? 1.0F / static_cast<float>(items) : 0.0F;
  float* losses = thread_scratch(op.rows);
  parallel_for(block_count(op.rows, kRowBlock), [&](std::int64_t block) {
    for (std::int64_t i = block * kRowBlock; i < min((block + 1) * kRowBlock, op.rows); ++i) {
      float* d = op.d_logits != nullptr ? op.d_logits + i * op.classes : nullptr;
      losses[i] = 0;
      if (op.labels[i] != kIgnored) {
        losses[i] = row_loss(op, op.logits + i * op.classes, op.labels[i], weight, d);
      } else if (d != nullptr) {
        for (std::int64_t c = 0; c < op.classes; ++c) d[c] = 0;
      }
    }
  });
  if (op.loss == nullptr) return;
  double sum = 0;
  for (std::int64_t i = 0; i < op.rows; ++i) sum += losses[i];
  *op.loss = items > 0 ? sum / items : 0;
}

// A few numbers per step.
void binary_cross_entropy(const ElementwiseLoss& op) { ref::binary_cross_entropy(op); }
void mean_squared_error(const ElementwiseLoss& op) { ref::mean_squared_error(op); }

}  // namespace bertune::kernels::BERTUNE_ISA
