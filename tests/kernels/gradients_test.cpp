// The reference's backward passes against numerical gradients (central differences, in double), for every
// operation.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "kernels/cases.h"
#include "kernels/ref/pooling.h"
#include "kernels/ref/reference.h"

namespace bertune::kernels::ref {
namespace {

using Doubles = std::vector<double>;

Doubles random_doubles(std::size_t n, std::uint64_t seed) {
  Random random(seed, 0);
  Doubles values(n);
  for (double& value : values) value = random.normal();
  return values;
}

// The gradient of f at x, by central differences: the error is of order step^2 + epsilon / step, about 1e-9.
Doubles numerical_gradient(const std::function<double(const Doubles&)>& f, Doubles x) {
  constexpr double kStep = 1e-5;
  Doubles gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double kept = x[i];
    x[i] = kept + kStep;
    const double above = f(x);
    x[i] = kept - kStep;
    gradient[i] = (above - f(x)) / (2 * kStep);
    x[i] = kept;
  }
  return gradient;
}

void expect_gradient(const Doubles& analytic, const Doubles& numerical) {
  ASSERT_EQ(analytic.size(), numerical.size());
  for (std::size_t i = 0; i < analytic.size(); ++i) {
    EXPECT_NEAR(analytic[i], numerical[i], 1e-7 * (1 + std::abs(numerical[i]))) << "at " << i;
  }
}

double dot(const Doubles& a, const Doubles& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(NumericalGradient, Activations) {
  for (const Activation activation : {Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu,
                                      Activation::relu, Activation::silu, Activation::tanh}) {
    for (const double x : {-6.0, -1.3, -0.2, 0.1, 0.7, 3.0}) {
      const Doubles numerical =
          numerical_gradient([&](const Doubles& v) { return activate(activation, v[0]); }, {x});
      EXPECT_NEAR(activation_derivative(activation, x), numerical[0], 1e-8)
          << static_cast<int>(activation) << " at " << x;
    }
  }
}

TEST(NumericalGradient, LayerNorm) {
  constexpr std::int64_t kWidth = 7;
  const Doubles x = random_doubles(kWidth, 1), gamma = random_doubles(kWidth, 2),
                beta = random_doubles(kWidth, 3), dy = random_doubles(kWidth, 4);
  const auto loss = [&](const Doubles& at_x, const Doubles& at_gamma, const Doubles& at_beta) {
    Doubles y(kWidth);
    double mean = 0, rstd = 0;
    layer_norm_row(kWidth, 1e-12, at_x.data(), at_gamma.data(), at_beta.data(), y.data(), mean, rstd);
    return dot(y, dy);
  };
  Doubles y(kWidth), dx(kWidth), d_gamma(kWidth), d_beta(kWidth);
  double mean = 0, rstd = 0;
  layer_norm_row(kWidth, 1e-12, x.data(), gamma.data(), beta.data(), y.data(), mean, rstd);
  layer_norm_backward_row(kWidth, dy.data(), x.data(), mean, rstd, gamma.data(), dx.data(), d_gamma.data(),
                          d_beta.data());
  expect_gradient(dx, numerical_gradient([&](const Doubles& v) { return loss(v, gamma, beta); }, x));
  expect_gradient(d_gamma, numerical_gradient([&](const Doubles& v) { return loss(x, v, beta); }, gamma));
  expect_gradient(d_beta, numerical_gradient([&](const Doubles& v) { return loss(x, gamma, v); }, beta));
}

TEST(NumericalGradient, AttentionWithDropout) {
  constexpr std::int64_t kLength = 5, kHeadSize = 4, kStride = 3 * kHeadSize;
  const Doubles qkv = random_doubles(kLength * kStride, 1),
                d_context = random_doubles(kLength * kHeadSize, 2);
  for (const float p : {0.0F, 0.3F}) {
    const Dropout dropout = testing::dropout_of(p, DropoutSite::attention_probabilities);
    const auto loss = [&](const Doubles& v) {
      Doubles context(kLength * kHeadSize), lse(kLength);
      attention_forward(kLength, kHeadSize, dropout, 0U, 0U, v.data(), v.data() + kHeadSize,
                        v.data() + 2 * kHeadSize, kStride, context.data(), kHeadSize, lse.data(), 1);
      return dot(context, d_context);
    };
    Doubles d_qkv(qkv.size());
    attention_backward(kLength, kHeadSize, dropout, 0U, 0U, qkv.data(), qkv.data() + kHeadSize,
                       qkv.data() + 2 * kHeadSize, kStride, d_context.data(), kHeadSize, d_qkv.data(),
                       d_qkv.data() + kHeadSize, d_qkv.data() + 2 * kHeadSize);
    expect_gradient(d_qkv, numerical_gradient(loss, qkv));
  }
}

TEST(NumericalGradient, FirstTokenAttentionWithDropout) {
  constexpr std::int64_t kLength = 5, kHeadSize = 3, kHidden = 6;
  const Doubles x = random_doubles(kLength * kHidden, 1), query = random_doubles(kHeadSize, 2),
                key = random_doubles(kHeadSize * kHidden, 3), value = random_doubles(kHeadSize * kHidden, 4),
                bias = random_doubles(kHeadSize, 5), d_context = random_doubles(kHeadSize, 6);
  for (const float probability : {0.0F, 0.3F}) {
    const Dropout dropout = testing::dropout_of(probability, DropoutSite::attention_probabilities);
    const auto head = [&](const Doubles& at_x, const Doubles& at_query, const Doubles& at_key,
                          const Doubles& at_value, const Doubles& at_bias) {
      return FirstTokenHead<double>{
          kLength,         kHidden,       kHeadSize,       dropout,       0U, 0U, at_x.data(),
          at_query.data(), at_key.data(), at_value.data(), at_bias.data()};
    };
    const auto loss = [&](const FirstTokenHead<double>& op) {
      Doubles p(kLength), context(kHeadSize);
      first_token_attention_forward(op, p.data(), context.data());
      return dot(context, d_context);
    };
    Doubles dx(x.size()), d_query(query.size()), d_key(key.size()), d_value(value.size()),
        d_bias(bias.size());
    first_token_attention_backward(head(x, query, key, value, bias), d_context.data(), d_query.data(),
                                   dx.data(), d_key.data(), d_value.data(), d_bias.data());
    const auto check = [&](const Doubles& analytic, const Doubles& at, const auto& head_at) {
      expect_gradient(analytic, numerical_gradient([&](const Doubles& v) { return loss(head_at(v)); }, at));
    };
    check(dx, x, [&](const Doubles& v) { return head(v, query, key, value, bias); });
    check(d_query, query, [&](const Doubles& v) { return head(x, v, key, value, bias); });
    check(d_key, key, [&](const Doubles& v) { return head(x, query, v, value, bias); });
    check(d_value, value, [&](const Doubles& v) { return head(x, query, key, v, bias); });
    check(d_bias, bias, [&](const Doubles& v) { return head(x, query, key, value, v); });
  }
}

TEST(NumericalGradient, Pooling) {
  constexpr std::int64_t kLength = 5, kWidth = 4;
  const Doubles x = random_doubles(kLength * kWidth, 1), dy = random_doubles(kWidth, 2);
  for (const PoolKind kind : {PoolKind::mean, PoolKind::mean_sqrt_length, PoolKind::max}) {
    SCOPED_TRACE(static_cast<int>(kind));
    Doubles dx(x.size());
    pool_sequence_backward(kind, kLength, kWidth, x.data(), dy.data(), dx.data());
    const auto loss = [&](const Doubles& v) {
      Doubles y(kWidth);
      pool_sequence(kind, kLength, kWidth, v.data(), y.data());
      return dot(y, dy);
    };
    expect_gradient(dx, numerical_gradient(loss, x));
  }
}

// The losses over pairs of sentence embeddings, whole: normalization, cosines, softmax or squared error.
TEST(NumericalGradient, PairLosses) {
  constexpr std::int64_t kPairs = 3, kWidth = 4, kSize = kPairs * kWidth;
  const Doubles first = random_doubles(kSize, 1), second = random_doubles(kSize, 2),
                targets = {0.2, 0.9, -0.3};
  const std::vector<std::int32_t> labels = {0, 1, 2};
  struct Unit {
    Doubles rows = Doubles(kSize), norms = Doubles(kPairs);
    Unit(double scale, const Doubles& x) {
      for (std::size_t i = 0; i < kPairs; ++i)
        norms[i] = normalize_row(kWidth, scale, &x[i * kWidth], &rows[i * kWidth]);
    }
  };
  for (const bool ranking : {true, false}) {
    SCOPED_TRACE(ranking);
    const double scale = ranking ? 20 : 1;
    const std::int64_t columns = ranking ? kPairs : 1;
    Doubles d_similarities(static_cast<std::size_t>(kPairs * columns));
    const auto loss = [&](const Doubles& a, const Doubles& b, double* gradient) {
      const Unit unit_a(scale, a), unit_b(1, b);
      Doubles similarities;
      for (std::int64_t i = 0; i < kPairs; ++i) {
        for (std::int64_t j = ranking ? 0 : i; j < (ranking ? kPairs : i + 1); ++j)
          similarities.push_back(ref::dot(kWidth, &unit_a.rows[static_cast<std::size_t>(i * kWidth)],
                                          &unit_b.rows[static_cast<std::size_t>(j * kWidth)]));
      }
      return ranking ? cross_entropy(kPairs, kPairs, similarities.data(), labels.data(), gradient)
                     : mean_squared_error(kPairs, columns, similarities.data(), targets.data(), gradient);
    };
    loss(first, second, d_similarities.data());
    const Unit unit_first(scale, first), unit_second(1, second);
    Doubles d_unit(kSize), d_first(kSize);
    for (std::size_t i = 0; i < kPairs; ++i) {
      for (std::size_t j = 0; j < static_cast<std::size_t>(columns); ++j) {
        for (std::size_t c = 0; c < kWidth; ++c)
          d_unit[i * kWidth + c] += d_similarities[i * static_cast<std::size_t>(columns) + j] *
                                    unit_second.rows[(ranking ? j : i) * kWidth + c];
      }
      normalize_row_backward(kWidth, scale, &first[i * kWidth], unit_first.norms[i], &d_unit[i * kWidth],
                             &d_first[i * kWidth]);
    }
    expect_gradient(d_first,
                    numerical_gradient([&](const Doubles& v) { return loss(v, second, nullptr); }, first));
  }
}

TEST(NumericalGradient, Losses) {
  constexpr std::int64_t kRows = 4, kClasses = 3;
  const Doubles logits = random_doubles(kRows * kClasses, 1), targets = random_doubles(kRows * kClasses, 2);
  const std::vector<std::int32_t> labels = {2, 0, -100, 1};
  double* const none = nullptr;
  Doubles gradient(logits.size());
  cross_entropy(kRows, kClasses, logits.data(), labels.data(), gradient.data());
  expect_gradient(gradient, numerical_gradient(
                                [&](const Doubles& v) {
                                  return cross_entropy(kRows, kClasses, v.data(), labels.data(), none);
                                },
                                logits));
  binary_cross_entropy(kRows, kClasses, logits.data(), targets.data(), gradient.data());
  expect_gradient(gradient, numerical_gradient(
                                [&](const Doubles& v) {
                                  return binary_cross_entropy(kRows, kClasses, v.data(), targets.data(),
                                                              none);
                                },
                                logits));
  mean_squared_error(kRows, kClasses, logits.data(), targets.data(), gradient.data());
  expect_gradient(gradient, numerical_gradient(
                                [&](const Doubles& v) {
                                  return mean_squared_error(kRows, kClasses, v.data(), targets.data(), none);
                                },
                                logits));
}

TEST(NumericalGradient, LossOptions) {
  constexpr std::int64_t kRows = 4, kClasses = 3;
  const Doubles logits = random_doubles(kRows * kClasses, 1), weights = {0.2, 3, 1};
  const Doubles targets = {1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0};
  const std::vector<std::int32_t> labels = {2, 0, -100, 1};
  double* const none = nullptr;
  Doubles gradient(logits.size());
  const std::vector<LossOptions<double>> cases = {
      {.smoothing = 0.3},
      {.weights = weights.data()},
      {.items = 9, .weights = weights.data(), .smoothing = 0.3},
      {.focal_gamma = 0.5},
      {.focal_gamma = 1},
      {.items = 9, .weights = weights.data(), .focal_gamma = 2},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    cross_entropy(kRows, kClasses, logits.data(), labels.data(), gradient.data(), cases[i]);
    expect_gradient(gradient, numerical_gradient(
                                  [&](const Doubles& v) {
                                    return cross_entropy(kRows, kClasses, v.data(), labels.data(), none,
                                                         cases[i]);
                                  },
                                  logits));
    if (cases[i].smoothing > 0) continue;
    binary_cross_entropy(kRows, kClasses, logits.data(), targets.data(), gradient.data(), cases[i]);
    expect_gradient(gradient, numerical_gradient(
                                  [&](const Doubles& v) {
                                    return binary_cross_entropy(kRows, kClasses, v.data(), targets.data(),
                                                                none, cases[i]);
                                  },
                                  logits));
  }
}

TEST(NumericalGradient, SpanLoss) {
  const std::vector<std::int32_t> cu_seqlens = {0, 4, 5, 11}, starts = {1, 0, 6}, ends = {3, -1, 0};
  const Doubles logits = random_doubles(22, 1);
  const auto loss = [&](const Doubles& v, double* d_logits) {
    double* d_end = d_logits != nullptr ? d_logits + 1 : nullptr;
    return (span_end_loss(3, cu_seqlens.data(), v.data(), starts.data(), d_logits, 0) +
            span_end_loss(3, cu_seqlens.data(), v.data() + 1, ends.data(), d_end, 5)) /
           2;
  };
  Doubles gradient(logits.size());
  loss(logits, gradient.data());
  expect_gradient(gradient, numerical_gradient([&](const Doubles& v) { return loss(v, nullptr); }, logits));
}

}  // namespace
}  // namespace bertune::kernels::ref
