// The meaning of each operation of the table, in plain loops: the explanation, the oracle of the tests (in
// double, for numerical gradients) and the path of machines without a faster one (in float).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "core/random.h"
#include "kernels/ops.h"

namespace bertune::kernels::ref {

// The factor for number `index` of a sequence: 0 when dropped, else 1 / (1 - p). 128 consecutive numbers
// share 16 Philox blocks, one per lane, so that wide registers draw them together; each takes 16 bits.
template <typename T>
T dropout_factor(const Dropout& dropout, std::uint32_t sequence, std::uint32_t head, std::uint64_t index) {
  if (dropout.probability <= 0) return T{1};
  const auto threshold = static_cast<std::uint32_t>(std::lround(dropout.probability * 65536.0F));
  const std::uint64_t chunk = index / 128, within = index % 128, lane = within % 16, half = within / 16;
  const std::uint32_t place = (dropout.layer * 8 + static_cast<std::uint32_t>(dropout.site)) << 16 | head;
  const PhiloxCounter bits =
      philox({static_cast<std::uint32_t>(chunk * 16 + lane), place, sequence,
              static_cast<std::uint32_t>(dropout.step)},
             {static_cast<std::uint32_t>(dropout.seed), static_cast<std::uint32_t>(dropout.seed >> 32)});
  const std::uint32_t drawn = (bits[half / 2] >> (half % 2 * 16)) & 0xFFFF;
  return drawn < threshold ? T{0} : static_cast<T>(65536.0 / (65536.0 - threshold));
}

template <typename T>
T activate(Activation activation, T x) {
  constexpr T kHalf{0.5}, kCubic = T(0.044715);
  switch (activation) {
    case Activation::gelu:
      return kHalf * x * (1 + std::erf(x * std::numbers::sqrt2_v<T> / 2));
    case Activation::gelu_tanh:
      return kHalf * x * (1 + std::tanh(std::sqrt(2 * std::numbers::inv_pi_v<T>) * (x + kCubic * x * x * x)));
    case Activation::quick_gelu:
      return x / (1 + std::exp(T(-1.702) * x));
    case Activation::relu:
      return x < 0 ? T{0} : x;  // NaN stays NaN
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::tanh:
      return std::tanh(x);
  }
  return x;
}

template <typename T>
T activation_derivative(Activation activation, T x) {
  const auto sigmoid = [](T value) { return 1 / (1 + std::exp(-value)); };
  switch (activation) {
    case Activation::gelu:
      return (1 + std::erf(x * std::numbers::sqrt2_v<T> / 2)) / 2 +
             x * std::exp(-x * x / 2) * std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
    case Activation::gelu_tanh: {
      const T sqrt_two_over_pi = std::sqrt(2 * std::numbers::inv_pi_v<T>), cubic = T(0.044715);
      const T t = std::tanh(sqrt_two_over_pi * (x + cubic * x * x * x));
      return (1 + t) / 2 + x * (1 - t * t) * sqrt_two_over_pi * (1 + 3 * cubic * x * x) / 2;
    }
    case Activation::quick_gelu: {
      const T s = sigmoid(T(1.702) * x);
      return s + x * T(1.702) * s * (1 - s);
    }
    case Activation::relu:
      return x > 0 ? 1 : 0;
    case Activation::silu: {
      const T s = sigmoid(x);
      return s + x * s * (1 - s);
    }
    case Activation::tanh: {
      const T t = std::tanh(x);
      return 1 - t * t;
    }
  }
  return 1;
}

// C[m,n] = A[m,k] · B[k,n], strides spelled out.
template <typename T>
void matmul(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t a_row,
            std::int64_t a_column, const T* b, std::int64_t b_row, std::int64_t b_column, bool accumulate,
            T* c, std::int64_t ldc) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T sum = accumulate ? c[i * ldc + j] : T{0};
      for (std::int64_t p = 0; p < k; ++p) sum += a[i * a_row + p * a_column] * b[p * b_row + j * b_column];
      c[i * ldc + j] = sum;
    }
  }
}

// Integers of at most 127 that are proportional to some numbers, but for rounding: number = scale * integer.
struct Quantized {
  std::vector<std::int32_t> integers;
  float scale = 0;
};
inline Quantized quantize(const float* numbers, std::int64_t count) {
  float largest = 0;  // NaN where one is
  for (std::int64_t i = 0; i < count; ++i) {
    if (!(std::abs(numbers[i]) <= largest)) largest = std::abs(numbers[i]);
    if (std::isnan(largest)) break;
  }
  const float inverse = largest > 1e-30F ? 127 / largest : 0;
  Quantized result{{}, largest / 127};
  for (std::int64_t i = 0; i < count; ++i) {
    const float rounded = std::nearbyint(numbers[i] * inverse);
    result.integers.push_back(std::isfinite(rounded) ? static_cast<std::int32_t>(rounded) : 0);
  }
  return result;
}

// C = A · Bᵀ of rows that are quantized first (Operands::int8).
inline void quantized_matmul(const Matmul& op) {
  for (std::int64_t j = 0; j < op.n; ++j) {
    const Quantized column = quantize(op.b + j * op.ldb, op.k);
    for (std::int64_t i = 0; i < op.m; ++i) {
      const Quantized row = quantize(op.a + i * op.lda, op.k);
      std::int32_t sum = 0;
      for (std::size_t p = 0; p < row.integers.size(); ++p) sum += row.integers[p] * column.integers[p];
      op.c[i * op.ldc + j] = static_cast<float>(sum) * (row.scale * column.scale);
    }
  }
}

// One row of LayerNorm (Ba et al. 2016): y = (x - mean) * rstd * gamma + beta.
template <typename T>
void layer_norm_row(std::int64_t n, T epsilon, const T* x, const T* gamma, const T* beta, T* y, T& mean,
                    T& rstd) {
  T sum{0}, squares{0};
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  mean = sum / static_cast<T>(n);
  for (std::int64_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  rstd = 1 / std::sqrt(squares / static_cast<T>(n) + epsilon);
  for (std::int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd * gamma[i] + beta[i];
}

// dx of one row; d_gamma and d_beta are added to, unless null.
template <typename T>
void layer_norm_backward_row(std::int64_t n, const T* dy, const T* x, T mean, T rstd, const T* gamma, T* dx,
                             T* d_gamma, T* d_beta) {
  T mean_g{0}, mean_gx{0};  // of dy * gamma, and of that times the normalized x
  for (std::int64_t i = 0; i < n; ++i) {
    mean_g += dy[i] * gamma[i] / static_cast<T>(n);
    mean_gx += dy[i] * gamma[i] * (x[i] - mean) * rstd / static_cast<T>(n);
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const T normalized = (x[i] - mean) * rstd, upstream = dy[i];
    if (d_gamma != nullptr) d_gamma[i] += upstream * normalized;
    if (d_beta != nullptr) d_beta[i] += upstream;
    dx[i] = rstd * (upstream * gamma[i] - mean_g - normalized * mean_gx);
  }
}

// Probabilities after softmax of one query row: p[j] = softmax(q·k_j / sqrt(d)); returns log-sum-exp of the
// scores.
template <typename T>
T attention_row(std::int64_t length, std::int64_t head_size, const T* query, const T* key,
                std::int64_t stride, T* p) {
  const T scale = 1 / std::sqrt(static_cast<T>(head_size));
  T row_max = -std::numeric_limits<T>::infinity(), sum{0};
  for (std::int64_t j = 0; j < length; ++j) {
    p[j] = 0;
    for (std::int64_t c = 0; c < head_size; ++c) p[j] += query[c] * key[j * stride + c] * scale;
    row_max = std::max(row_max, p[j]);
  }
  for (std::int64_t j = 0; j < length; ++j) sum += p[j] = std::exp(p[j] - row_max);
  for (std::int64_t j = 0; j < length; ++j) p[j] /= sum;
  return row_max + std::log(sum);
}

// One sequence and head. `q`, `k`, `v` point at its first token; rows are `stride` apart; context rows
// `out_stride`.
template <typename T>
void attention_forward(std::int64_t length, std::int64_t head_size, const Dropout& dropout,
                       std::uint32_t sequence, std::uint32_t head, const T* q, const T* k, const T* v,
                       std::int64_t stride, T* context, std::int64_t out_stride, T* log_sum_exp,
                       std::int64_t lse_stride) {
  std::vector<T> p(static_cast<std::size_t>(length));
  for (std::int64_t i = 0; i < length; ++i) {
    log_sum_exp[i * lse_stride] = attention_row(length, head_size, q + i * stride, k, stride, p.data());
    for (std::int64_t c = 0; c < head_size; ++c) {
      T sum{0};
      for (std::int64_t j = 0; j < length; ++j) {
        sum += p[static_cast<std::size_t>(j)] * v[j * stride + c] *
               dropout_factor<T>(dropout, sequence, head, static_cast<std::uint64_t>(i * length + j));
      }
      context[i * out_stride + c] = sum;
    }
  }
}

template <typename T>
void attention_backward(std::int64_t length, std::int64_t head_size, const Dropout& dropout,
                        std::uint32_t sequence, std::uint32_t head, const T* q, const T* k, const T* v,
                        std::int64_t stride, const T* d_context, std::int64_t out_stride, T* dq, T* dk,
                        T* dv) {
  const T scale = 1 / std::sqrt(static_cast<T>(head_size));
  const auto n = static_cast<std::size_t>(length);
  std::vector<T> p(n), dp(n);
  for (std::int64_t j = 0; j < length; ++j) {
    for (std::int64_t c = 0; c < head_size; ++c)
      dq[j * stride + c] = dk[j * stride + c] = dv[j * stride + c] = 0;
  }
  for (std::int64_t i = 0; i < length; ++i) {
    attention_row(length, head_size, q + i * stride, k, stride, p.data());
    T delta{0};  // softmax's gradient: ds = p * (dp - sum(p * dp))
    for (std::size_t j = 0; j < n; ++j) {
      const auto row = static_cast<std::int64_t>(j);
      const T factor =
          dropout_factor<T>(dropout, sequence, head, static_cast<std::uint64_t>(i * length + row));
      dp[j] = 0;
      for (std::int64_t c = 0; c < head_size; ++c) {
        dp[j] += d_context[i * out_stride + c] * v[row * stride + c] * factor;
        dv[row * stride + c] += p[j] * factor * d_context[i * out_stride + c];
      }
      delta += p[j] * dp[j];
    }
    for (std::size_t j = 0; j < n; ++j) {
      const auto row = static_cast<std::int64_t>(j);
      const T ds = p[j] * (dp[j] - delta) * scale;
      for (std::int64_t c = 0; c < head_size; ++c) {
        dq[i * stride + c] += ds * k[row * stride + c];
        dk[row * stride + c] += ds * q[i * stride + c];
      }
    }
  }
}

// One sequence and head of attention from the first token alone, keys and values computed as in any other
// layer. `x` are the inputs [length, hidden]; weights [head_size, hidden] and bias are the head's.
template <typename T>
struct FirstTokenHead {
  std::int64_t length, hidden, head_size;
  const Dropout& dropout;
  std::uint32_t sequence, head;
  const T *x, *query, *key_weight, *value_weight, *value_bias;

  std::vector<T> project(const T* weight, const T* bias) const {  // [length, head_size]
    std::vector<T> y(static_cast<std::size_t>(length * head_size));
    matmul<T>(length, head_size, hidden, x, hidden, 1, weight, 1, hidden, false, y.data(), head_size);
    for (std::size_t i = 0; bias != nullptr && i < y.size(); ++i)
      y[i] += bias[i % static_cast<std::size_t>(head_size)];
    return y;
  }
  T factor(std::int64_t j) const {
    return dropout_factor<T>(dropout, sequence, head, static_cast<std::uint64_t>(j));
  }
};

template <typename T>
void first_token_attention_forward(const FirstTokenHead<T>& op, T* p, T* context) {
  const std::vector<T> keys = op.project(op.key_weight, nullptr),
                       values = op.project(op.value_weight, op.value_bias);
  attention_row(op.length, op.head_size, op.query, keys.data(), op.head_size, p);
  for (std::int64_t c = 0; c < op.head_size; ++c) {
    context[c] = 0;
    for (std::int64_t j = 0; j < op.length; ++j)
      context[c] += p[j] * op.factor(j) * values[static_cast<std::size_t>(j * op.head_size + c)];
  }
}

// Overwrites d_query; adds to dx [length, hidden] and to the gradients of weights and bias, unless null.
template <typename T>
void first_token_attention_backward(const FirstTokenHead<T>& op, const T* d_context, T* d_query, T* dx,
                                    T* d_key_weight, T* d_value_weight, T* d_value_bias) {
  const std::int64_t n = op.length, d = op.head_size, h = op.hidden;
  const T scale = 1 / std::sqrt(static_cast<T>(d));
  const std::vector<T> keys = op.project(op.key_weight, nullptr),
                       values = op.project(op.value_weight, op.value_bias);
  std::vector<T> p(static_cast<std::size_t>(n)), dp(p.size()), d_keys(keys.size()), d_values(values.size());
  attention_row(n, d, op.query, keys.data(), d, p.data());
  T delta{0};
  for (std::int64_t j = 0; j < n; ++j) {
    const auto row = static_cast<std::size_t>(j);
    for (std::int64_t c = 0; c < d; ++c) {
      const auto at = static_cast<std::size_t>(j * d + c);
      dp[row] += d_context[c] * values[at] * op.factor(j);
      d_values[at] = p[row] * op.factor(j) * d_context[c];
      if (d_value_bias != nullptr) d_value_bias[c] += d_values[at];
    }
    delta += p[row] * dp[row];
  }
  for (std::int64_t c = 0; c < d; ++c) {
    d_query[c] = 0;
    for (std::int64_t j = 0; j < n; ++j) {
      const auto row = static_cast<std::size_t>(j), at = static_cast<std::size_t>(j * d + c);
      const T ds = p[row] * (dp[row] - delta) * scale;
      d_query[c] += ds * keys[at];
      d_keys[at] = ds * op.query[c];
    }
  }
  matmul<T>(n, h, d, d_keys.data(), d, 1, op.key_weight, h, 1, true, dx, h);
  matmul<T>(n, h, d, d_values.data(), d, 1, op.value_weight, h, 1, true, dx, h);
  if (d_key_weight != nullptr) matmul<T>(d, h, n, d_keys.data(), 1, d, op.x, h, 1, true, d_key_weight, h);
  if (d_value_weight != nullptr)
    matmul<T>(d, h, n, d_values.data(), 1, d, op.x, h, 1, true, d_value_weight, h);
}

// The denominators of the losses' means, and their weights (kernels::CrossEntropy, ElementwiseLoss).
template <typename T>
struct LossOptions {
  double items = 0;
  const T* weights = nullptr;  // of classes, or of positive targets
  T smoothing{0}, focal_gamma{0};

  T weight(std::int64_t i) const { return weights != nullptr ? weights[i] : T{1}; }
};

// torch.nn.functional.cross_entropy over labels other than -100, and the focal loss.
template <typename T>
T cross_entropy(std::int64_t rows, std::int64_t classes, const T* logits, const std::int32_t* labels,
                T* d_logits, const LossOptions<T>& options = {}) {
  constexpr std::int32_t kIgnored = -100;
  double counted = options.items;
  for (std::int64_t i = 0; i < rows && options.items == 0; ++i)
    counted += labels[i] != kIgnored ? static_cast<double>(options.weight(labels[i])) : 0;
  const T items = static_cast<T>(counted), gamma = options.focal_gamma, s = options.smoothing;
  T loss{0};
  for (std::int64_t i = 0; i < rows; ++i) {
    const T* row = logits + i * classes;
    T row_max = row[0], sum{0};
    for (std::int64_t c = 1; c < classes; ++c) row_max = std::max(row_max, row[c]);
    for (std::int64_t c = 0; c < classes; ++c) sum += std::exp(row[c] - row_max);
    const std::int32_t y = labels[i];
    if (y == kIgnored) {
      for (std::int64_t c = 0; d_logits != nullptr && c < classes; ++c) d_logits[i * classes + c] = 0;
      continue;
    }
    const auto share = [&](std::int64_t c) {  // q_c w_c
      return ((c == y ? 1 - s : 0) + s / static_cast<T>(classes)) * options.weight(c);
    };
    T others{0}, shares{0}, factor{1},
        slope{0};  // focal: (1 - p)^gamma, and -gamma p (1 - p)^(gamma - 1) log p
    for (std::int64_t c = 0; c < classes; ++c) {
      if (c != y) others += std::exp(row[c] - row_max) / sum;  // 1 - p, without a difference
      shares += share(c);
      if (share(c) != 0 && gamma == 0) loss += share(c) * (row_max + std::log(sum) - row[c]) / items;
    }
    if (gamma != 0) {
      const T surprise = row_max + std::log(sum) - row[y], p = std::exp(-surprise);
      factor = others > 0 ? std::pow(others, gamma) : 0;
      slope = others > 0 ? gamma * p * std::pow(others, gamma - 1) * surprise : 0;
      loss += share(y) * factor * surprise / items;
    }
    for (std::int64_t c = 0; d_logits != nullptr && c < classes; ++c) {
      const T p = std::exp(row[c] - row_max) / sum;
      T d = p * shares - share(c);
      if (gamma != 0) d = share(y) * (factor + slope) * (c == y ? -others : p);
      d_logits[i * classes + c] = d / items;
    }
  }
  return loss;
}

// torch's binary_cross_entropy_with_logits and mse_loss, the mean over all numbers; and the focal loss.
template <typename T>
T binary_cross_entropy(std::int64_t rows, std::int64_t n, const T* logits, const T* targets, T* d_logits,
                       const LossOptions<T>& options = {}) {
  const T items = static_cast<T>((options.items > 0 ? options.items : static_cast<double>(rows)) *
                                 static_cast<double>(n));
  const T gamma = options.focal_gamma;
  T loss{0};
  for (std::int64_t i = 0; i < rows * n; ++i) {
    const T x = logits[i], target = targets[i];
    if (options.weights == nullptr && gamma == 0) {
      loss += (std::max(x, T{0}) - x * target + std::log1p(std::exp(-std::abs(x)))) / items;
      if (d_logits != nullptr) d_logits[i] = (1 / (1 + std::exp(-x)) - target) / items;
      continue;
    }
    const T yes = target * options.weight(i % n), no = 1 - target, rest = std::log1p(std::exp(-std::abs(x)));
    const T yes_loss = std::max(-x, T{0}) + rest, no_loss = std::max(x, T{0}) + rest;  // -log p, -log(1 - p)
    const T p = std::exp(-yes_loss), q = std::exp(-no_loss);
    const T q_factor = std::pow(q, gamma), p_factor = std::pow(p, gamma);
    loss += (yes * q_factor * yes_loss + no * p_factor * no_loss) / items;
    if (d_logits != nullptr) {
      d_logits[i] =
          (no * p_factor * (gamma * q * no_loss + p) - yes * q_factor * (gamma * p * yes_loss + q)) / items;
    }
  }
  return loss;
}
template <typename T>
T mean_squared_error(std::int64_t rows, std::int64_t n, const T* logits, const T* targets, T* d_logits,
                     double whole = 0) {
  const T items = static_cast<T>((whole > 0 ? whole : static_cast<double>(rows)) * static_cast<double>(n));
  T loss{0};
  for (std::int64_t i = 0; i < rows * n; ++i) {
    const T difference = logits[i] - targets[i];
    loss += difference * difference / items;
    if (d_logits != nullptr) d_logits[i] = 2 * difference / items;
  }
  return loss;
}

// One end of the answers of kernels::SpanLoss: every second number from `logits` and `d_logits` on. In
// double, whatever the logits are.
template <typename T>
double span_end_loss(std::int64_t sequences, const std::int32_t* cu_seqlens, const T* logits,
                     const std::int32_t* positions, T* d_logits, double items) {
  const auto counts = [&](std::int64_t s) {
    return positions[s] >= 0 && positions[s] < cu_seqlens[s + 1] - cu_seqlens[s];
  };
  double counted = items > 0 ? items : 0, total = 0;
  for (std::int64_t s = 0; s < sequences && items <= 0; ++s) counted += counts(s) ? 1 : 0;
  for (std::int64_t s = 0; s < sequences; ++s) {
    const std::int64_t first = cu_seqlens[s], end = cu_seqlens[s + 1], position = first + positions[s];
    double row_max = -std::numeric_limits<double>::infinity(), sum = 0;
    for (std::int64_t t = first; t < end; ++t)
      row_max = std::max(row_max, static_cast<double>(logits[2 * t]));
    for (std::int64_t t = first; t < end; ++t) sum += std::exp(logits[2 * t] - row_max);
    const double log_sum = row_max + std::log(sum);
    if (counts(s)) total += log_sum - logits[2 * position];
    for (std::int64_t t = first; d_logits != nullptr && t < end; ++t) {
      const double d = std::exp(logits[2 * t] - log_sum) - (t == position ? 1 : 0);
      d_logits[2 * t] = counts(s) ? static_cast<T>(d / counted / 2) : T{0};
    }
  }
  return counted > 0 ? total / counted : 0;
}

}  // namespace bertune::kernels::ref
