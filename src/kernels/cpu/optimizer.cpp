// Optimizer steps: one pass over contiguous memory.
#include "kernels/cpu/optimizer.h"

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int64_t kBlock = 16384;  // numbers a task; part of the definition of sum_of_squares

template <typename Body>
void for_blocks(std::int64_t size, const Body& body) {
  parallel_for(block_count(size, kBlock),
               [&](std::int64_t block) { body(block * kBlock, smaller((block + 1) * kBlock, size)); });
}

double power(double base, std::int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if ((exponent & 1) != 0) result *= base;
  }
  return result;
}

}  // namespace

void adam_step(const AdamStep& op) {
  const double correction1 = 1 - power(op.beta1, op.step), correction2 = 1 - power(op.beta2, op.step);
  const auto beta1 = static_cast<float>(op.beta1), beta2 = static_cast<float>(op.beta2);
  const auto rest1 = static_cast<float>(1 - op.beta1), rest2 = static_cast<float>(1 - op.beta2);
  const auto step_size = static_cast<float>(op.lr / correction1), eps = static_cast<float>(op.eps);
  const auto inverse_root2 = static_cast<float>(1 / __builtin_sqrt(correction2));
  const auto shrink = static_cast<float>(op.decoupled ? 1 - op.lr * op.weight_decay : 1);
  const auto l2 = static_cast<float>(op.decoupled ? 0 : op.weight_decay);
  const float scale = op.gradient_scale;
  for_blocks(op.size, [&](std::int64_t first, std::int64_t end) {
    float *values = op.values, *m = op.exp_avg, *v = op.exp_avg_sq;
    const float* gradients = op.gradients;
#pragma omp simd
    for (std::int64_t i = first; i < end; ++i) {
      const float gradient = gradients[i] * scale + l2 * values[i];
      m[i] = beta1 * m[i] + rest1 * gradient;
      v[i] = beta2 * v[i] + rest2 * gradient * gradient;
      values[i] = values[i] * shrink - step_size * m[i] / (__builtin_sqrtf(v[i]) * inverse_root2 + eps);
    }
  });
}

void sgd_step(const SgdStep& op) {
  const auto lr = static_cast<float>(op.lr), momentum = static_cast<float>(op.momentum);
  const auto fresh = static_cast<float>(op.step == 1 ? 1 : 1 - op.dampening),
             decay = static_cast<float>(op.weight_decay);
  const float kept_part = op.step == 1 ? 0.0F : momentum, scale = op.gradient_scale;
  for_blocks(op.size, [&](std::int64_t first, std::int64_t end) {
    float *values = op.values, *buffer = op.momentum_buffer;
    if (buffer == nullptr) {
#pragma omp simd
      for (std::int64_t i = first; i < end; ++i)
        values[i] -= lr * (op.gradients[i] * scale + decay * values[i]);
      return;
    }
    const float ahead = op.nesterov ? 1.0F : 0.0F, behind = op.nesterov ? momentum : 1.0F;
#pragma omp simd
    for (std::int64_t i = first; i < end; ++i) {
      const float gradient = op.gradients[i] * scale + decay * values[i];
      buffer[i] = kept_part * buffer[i] + fresh * gradient;
      values[i] -= lr * (ahead * gradient + behind * buffer[i]);
    }
  });
}

void adagrad_step(const AdagradStep& op) {
  const auto lr = static_cast<float>(op.lr / (1 + static_cast<double>(op.step - 1) * op.lr_decay));
  const auto eps = static_cast<float>(op.eps), decay = static_cast<float>(op.weight_decay);
  for_blocks(op.size, [&](std::int64_t first, std::int64_t end) {
    float *values = op.values, *sum = op.sum;
#pragma omp simd
    for (std::int64_t i = first; i < end; ++i) {
      const float gradient = op.gradients[i] * op.gradient_scale + decay * values[i];
      sum[i] += gradient * gradient;
      values[i] -= lr * gradient / (__builtin_sqrtf(sum[i]) + eps);
    }
  });
}

double sum_of_squares(const float* values, std::int64_t size) {
  constexpr std::int64_t kMostBlocks = 4096;  // partial sums kept at a time
  double total = 0, partial[kMostBlocks];
  for (std::int64_t start = 0; start < size; start += kMostBlocks * kBlock) {
    const std::int64_t span = smaller(kMostBlocks * kBlock, size - start);
    for_blocks(span, [&](std::int64_t first, std::int64_t end) {
      double sum = 0;
      const float* x = values + start;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t i = first; i < end; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
      partial[first / kBlock] = sum;
    });
    for (std::int64_t block = 0; block < block_count(span, kBlock); ++block) total += partial[block];
  }
  return total;
}

}  // namespace bertune::kernels::BERTUNE_ISA
