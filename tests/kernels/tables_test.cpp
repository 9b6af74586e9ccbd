// Every table does what the reference does, on every operation, with and without dropout. (Matrix products:
// matmul_test.cpp.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>

#include "kernels/buffer.h"
#include "kernels/cases.h"
#include "kernels/ops.h"
#include "kernels/ref/reference.h"
#include "kernels/ref/table.h"
#include "kernels/tested_tables.h"

namespace bertune::kernels {
namespace {

using testing::dropout_of;
using testing::expect_close;
using testing::loss_of;
using testing::PackedLayout;
using testing::random_values;
using Values = std::vector<float>;

class Tables : public ::testing::TestWithParam<const OpTable*> {
 protected:
  const OpTable& table() const { return *GetParam(); }
};

struct Shape {
  std::vector<int> lengths;
  std::int64_t heads, head_size;
};
const std::vector<Shape> kShapes = {
    {{1}, 1, 8}, {{5, 1, 33}, 2, 16}, {{17, 64, 3}, 12, 32}, {{130, 40}, 3, 20}, {{70}, 2, 64}};

TEST_P(Tables, BiasAndColumnSums) {
  const std::int64_t rows = 71, n = 97;
  const Values bias = random_values(n, 1), x = random_values(rows * n, 2);
  Values actual = x, expected = x, sums = bias, expected_sums = bias;
  table().add_bias({rows, n, actual.data(), bias.data()});
  ref::kTable.add_bias({rows, n, expected.data(), bias.data()});
  EXPECT_EQ(actual, expected);
  table().column_sums({rows, n, x.data(), sums.data()});
  ref::kTable.column_sums({rows, n, x.data(), expected_sums.data()});
  expect_close(sums, expected_sums, 1e-6, "sums");
}

TEST_P(Tables, Embeddings) {
  const PackedLayout layout({4, 40, 9});
  const std::int64_t h = 72, words = 30, tokens = layout.tokens();
  const Values word = random_values(words * h, 1), position = random_values(64 * h, 2),
               type = random_values(2 * h, 3);
  const Values gradient = random_values(tokens * h, 4);
  std::vector<std::int32_t> ids, types;
  Random random(5, 0);
  for (std::int64_t t = 0; t < tokens; ++t) {
    ids.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(words))));
    types.push_back(static_cast<std::int32_t>(random.below(2)));
  }
  Values results[2][4];
  for (int i = 0; i < 2; ++i) {
    const OpTable& ops = i == 0 ? table() : ref::kTable;
    auto& [sum, d_word, d_position, d_type] = results[i];
    sum.resize(gradient.size());
    d_word.resize(word.size()), d_position.resize(position.size()), d_type.resize(type.size());
    ops.embedding_forward(
        {layout.view(), h, ids.data(), types.data(), word.data(), position.data(), type.data(), sum.data()});
    ops.embedding_backward({layout.view(), h, ids.data(), types.data(), ids[0], gradient.data(),
                            d_word.data(), d_position.data(), d_type.data()});
    for (std::int64_t c = 0; c < h; ++c)
      EXPECT_EQ(d_word[static_cast<std::size_t>(ids[0] * h + c)], 0.0F);  // padding
  }
  for (int part = 0; part < 4; ++part) expect_close(results[0][part], results[1][part], 1e-6, "embedding");
}

TEST_P(Tables, LayerNorm) {
  for (const Shape& shape : kShapes) {
    for (const float p : {0.0F, 0.3F}) {
      for (const bool after : {false, true}) {
        const PackedLayout layout(shape.lengths);
        const std::int64_t h = shape.heads * shape.head_size, tokens = layout.tokens();
        const Values x = random_values(tokens * h, 1), bias = random_values(h, 2),
                     residual = random_values(tokens * h, 3);
        const Values gamma = random_values(h, 4), beta = random_values(h, 5),
                     dy = random_values(tokens * h, 6);
        Values results[2][9];
        for (int i = 0; i < 2; ++i) {
          const OpTable& ops = i == 0 ? table() : ref::kTable;
          auto& [sum, y, mean, rstd, d_sum, dx, d_gamma, d_beta, d_bias] = results[i];
          sum = residual;
          for (Values* wide : {&y, &d_sum, &dx}) wide->resize(residual.size());
          for (Values* tall : {&mean, &rstd}) tall->resize(static_cast<std::size_t>(tokens));
          d_gamma = bias, d_beta = bias, d_bias = bias;  // gradients of parameters are added to
          Values partial(static_cast<std::size_t>((tokens / kRowBlock + 1) * 3 * h));
          const Dropout dropout = dropout_of(p, DropoutSite::attention_output);
          ops.layer_norm_forward({layout.view(), h, 1e-12F, dropout, after, after ? nullptr : x.data(),
                                  bias.data(), residual.data(), gamma.data(), beta.data(), sum.data(),
                                  y.data(), mean.data(), rstd.data()});
          ops.layer_norm_backward({layout.view(), h, dropout, after, dy.data(), sum.data(), mean.data(),
                                   rstd.data(), gamma.data(), d_sum.data(), after ? nullptr : dx.data(),
                                   d_gamma.data(), d_beta.data(), d_bias.data(), partial.data()});
        }
        for (int part = 0; part < 9; ++part)
          expect_close(results[0][part], results[1][part], 1e-5, "layer norm");
      }
    }
  }
}

TEST_P(Tables, Activations) {
  for (const Activation activation : {Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu,
                                      Activation::relu, Activation::silu, Activation::tanh}) {
    const std::int64_t rows = 67, n = 83;
    Values x = random_values(rows * n, 1, 3.0);
    const Values bias(static_cast<std::size_t>(n), 0.0F), dy = random_values(rows * n, 2);
    x[0] = 0, x[1] = 40, x[2] = -40, x[3] = 1e-4F, x[4] = -9;
    Values results[2][5];
    for (int i = 0; i < 2; ++i) {
      const OpTable& ops = i == 0 ? table() : ref::kTable;
      auto& [biased, y, dx, y_again, d_bias] = results[i];
      biased = x, y = x, dx = x, y_again = x, d_bias = bias;
      Values partial(static_cast<std::size_t>((rows / kRowBlock + 1) * n));
      ops.activation_forward({activation, rows, n, biased.data(), bias.data(), y.data()});
      ops.activation_backward({activation, rows, n, biased.data(), dy.data(), dx.data(), y_again.data(),
                               d_bias.data(), partial.data()});
      EXPECT_EQ(y, y_again);
    }
    for (int part = 0; part < 5; ++part) expect_close(results[0][part], results[1][part], 2e-6, "activation");
    for (std::size_t i = 0; i < x.size(); ++i) {  // each value by itself, not only against the largest
      EXPECT_NEAR(results[0][1][i], ref::activate<double>(activation, x[i]), 3e-7 * (1 + std::abs(x[i])));
    }
  }
}

// Whatever else its bits say: a number that is not one is seen in the loss, not hidden.
TEST_P(Tables, NotANumberStays) {
  const auto nan = std::bit_cast<float>(0x7FC00001);
  const std::int64_t n = 2 * 16 + 1;
  for (const Activation activation : {Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu,
                                      Activation::relu, Activation::silu, Activation::tanh}) {
    Values x(n, nan), y(n), bias(n);
    table().activation_forward({activation, 1, n, x.data(), bias.data(), y.data()});
    for (const float value : y) EXPECT_TRUE(std::isnan(value)) << static_cast<int>(activation);
  }
  const PackedLayout layout({3});
  Values qkv = random_values(3 * 3 * 16, 1), context(3 * 16), log_sum_exp(3);
  qkv[48] = nan;  // in the query of the second token
  table().attention_forward({layout.view(), 1, 16, {}, qkv.data(), context.data(), log_sum_exp.data()});
  EXPECT_FALSE(std::isnan(context[0]));
  EXPECT_TRUE(std::isnan(context[16]));
  EXPECT_TRUE(std::isnan(log_sum_exp[1]));
}

TEST_P(Tables, Attention) {
  for (const Shape& shape : kShapes) {
    for (const float p : {0.0F, 0.2F}) {
      const PackedLayout layout(shape.lengths);
      const std::int64_t h = shape.heads * shape.head_size, tokens = layout.tokens();
      const Values qkv = random_values(tokens * 3 * h, 1), d_context = random_values(tokens * h, 2);
      Values results[2][3];
      for (int i = 0; i < 2; ++i) {
        const OpTable& ops = i == 0 ? table() : ref::kTable;
        auto& [context, log_sum_exp, d_qkv] = results[i];
        context.resize(d_context.size()), d_qkv.resize(qkv.size());
        log_sum_exp.resize(static_cast<std::size_t>(tokens * shape.heads));
        const Dropout dropout = dropout_of(p, DropoutSite::attention_probabilities);
        ops.attention_forward({layout.view(), shape.heads, shape.head_size, dropout, qkv.data(),
                               context.data(), log_sum_exp.data()});
        ops.attention_backward({layout.view(), shape.heads, shape.head_size, dropout, qkv.data(),
                                log_sum_exp.data(), d_context.data(), d_qkv.data()});
      }
      for (int part = 0; part < 3; ++part)
        expect_close(results[0][part], results[1][part], 5e-6, "attention");
    }
  }
}

TEST_P(Tables, FirstTokenAttention) {
  for (const Shape& shape : kShapes) {
    for (const float p : {0.0F, 0.2F}) {
      const PackedLayout layout(shape.lengths);
      const std::int64_t heads = shape.heads, d = shape.head_size, h = heads * d, tokens = layout.tokens();
      const std::int64_t sequences = layout.view().sequences;
      const double scale = 1 / std::sqrt(static_cast<double>(h));
      const Values x = random_values(tokens * h, 1), query = random_values(sequences * h, 2),
                   key = random_values(h * h, 3, scale), value = random_values(h * h, 4, scale),
                   bias = random_values(h, 5), d_context = random_values(sequences * h, 6);
      Values results[2][6];
      for (int i = 0; i < 2; ++i) {
        const OpTable& ops = i == 0 ? table() : ref::kTable;
        auto& [context, d_query, dx, d_key, d_value, d_bias] = results[i];
        context.resize(query.size()), d_query.resize(query.size()), dx.resize(x.size());
        d_key = key, d_value = value, d_bias = bias;  // gradients of parameters are added to
        Values absorbed(query.size() * static_cast<std::size_t>(heads)),
            mixed = absorbed, d_absorbed = absorbed, d_mixed = absorbed;
        Values probabilities(static_cast<std::size_t>(tokens * heads)),
            sums(static_cast<std::size_t>(sequences * heads));
        const FirstTokenAttention forward{layout.view(),
                                          heads,
                                          d,
                                          dropout_of(p, DropoutSite::attention_probabilities),
                                          x.data(),
                                          query.data(),
                                          key.data(),
                                          value.data(),
                                          bias.data(),
                                          context.data(),
                                          absorbed.data(),
                                          mixed.data(),
                                          probabilities.data(),
                                          sums.data()};
        ops.first_token_attention_forward(forward);
        ops.first_token_attention_backward({forward, d_context.data(), d_query.data(), dx.data(),
                                            d_key.data(), d_value.data(), d_bias.data(), d_absorbed.data(),
                                            d_mixed.data()});
      }
      for (int part = 0; part < 6; ++part)
        expect_close(results[0][part], results[1][part], 5e-6, "first-token attention");
    }
  }
}

TEST_P(Tables, ChosenRows) {
  const PackedLayout layout({3, 1, 4});
  const std::int64_t n = 5;
  const Values x = random_values(layout.tokens() * n, 1);
  Values results[2][2];
  for (int i = 0; i < 2; ++i) {
    const OpTable& ops = i == 0 ? table() : ref::kTable;
    auto& [rows, changed] = results[i];
    rows.resize(3 * n), changed = x;
    ops.gather_rows({3, n, layout.cu_seqlens.data(), changed.data(), rows.data()});
    ops.add_to_rows({3, n, layout.cu_seqlens.data(), changed.data(), rows.data()});
  }
  EXPECT_EQ(results[0][0], results[1][0]);
  EXPECT_EQ(results[0][1], results[1][1]);
  EXPECT_FLOAT_EQ(results[0][1][3 * n], 2 * x[3 * n]);
  EXPECT_EQ(results[0][1][n], x[n]);
}

TEST_P(Tables, Pooling) {
  for (const Shape& shape : kShapes) {
    for (const PoolKind kind : {PoolKind::mean, PoolKind::mean_sqrt_length, PoolKind::max}) {
      const PackedLayout layout(shape.lengths);
      const std::int64_t n = shape.heads * shape.head_size + 3, sequences = layout.view().sequences;
      Values x = random_values(layout.tokens() * n, 1);
      const Values dy = random_values(sequences * n, 2);
      if (layout.tokens() > 1) x[static_cast<std::size_t>(n)] = x[0];  // of equals, the first is the largest
      Values results[2][2];
      for (int i = 0; i < 2; ++i) {
        const OpTable& ops = i == 0 ? table() : ref::kTable;
        auto& [y, dx] = results[i];
        y.resize(dy.size()), dx.resize(x.size(), 7);
        const PoolRows forward{layout.view(), n, kind, x.data(), y.data()};
        ops.pool_rows(forward);
        ops.pool_rows_backward({forward, dy.data(), dx.data()});
      }
      expect_close(results[0][0], results[1][0], 1e-6, "pooled");
      expect_close(results[0][1], results[1][1], 1e-6, "gradient of pooling");
      if (kind != PoolKind::max) continue;
      EXPECT_EQ(results[0][0], results[1][0]);
      EXPECT_EQ(results[0][1], results[1][1]);
    }
  }
}

TEST_P(Tables, PoolingDoesNotHideWhatIsNotANumber) {
  const PackedLayout layout({3});
  for (const std::size_t place : {0U, 1U, 2U}) {
    for (const PoolKind kind : {PoolKind::mean, PoolKind::mean_sqrt_length, PoolKind::max}) {
      Values x = {1, 2, 3}, y(1);
      x[place] = std::bit_cast<float>(0x7FC00001);
      table().pool_rows({layout.view(), 1, kind, x.data(), y.data()});
      EXPECT_TRUE(std::isnan(y[0])) << place;
    }
  }
}

// Every second row, as the two texts of pairs lie; a row of zeros stays one.
TEST_P(Tables, NormalizedRowsAndTheirDots) {
  const std::int64_t rows = 35, n = 37, stride = 2 * n;
  Values x = random_values(rows * stride, 1);
  std::fill_n(x.begin() + 4 * stride, n, 0.0F);
  const Values dy = random_values(rows * n, 2), d_dots = random_values(rows, 3);
  Values results[2][6];
  for (int i = 0; i < 2; ++i) {
    const OpTable& ops = i == 0 ? table() : ref::kTable;
    auto& [y, dx, norms, dots, da, db] = results[i];
    y.resize(dy.size()), dx.resize(x.size(), 7), norms.resize(d_dots.size()), dots = norms;
    da = y, db = y;
    const NormalizeRows forward{rows, n, stride, 20, x.data(), y.data(), norms.data()};
    ops.normalize_rows(forward);
    ops.row_dots({rows, n, y.data(), dy.data(), dots.data()});
    ops.row_dots_backward({{rows, n, y.data(), dy.data(), nullptr}, d_dots.data(), da.data(), db.data()});
    ops.normalize_rows_backward({forward, 0.5F, dy.data(), dx.data()});
    EXPECT_EQ(norms[4], 0);
    EXPECT_EQ(y[static_cast<std::size_t>(4 * n)], 0);
    EXPECT_EQ(dx[static_cast<std::size_t>(n)], 7);  // what lies between is left alone
    std::fill_n(dx.begin() + 4 * stride, n, 0.0F);  // a constant times dy, and larger than all others
  }
  for (int part = 0; part < 6; ++part) expect_close(results[0][part], results[1][part], 2e-6, "rows");
}

TEST_P(Tables, DropoutDrawsTheSameNumbers) {
  const PackedLayout layout({2, 1, 37});
  const std::int64_t n = 300;
  const Values x(static_cast<std::size_t>(layout.tokens() * n), 1.0F);
  Values actual = x, expected = x;
  DropoutRows op{layout.view(), n, dropout_of(0.1F, DropoutSite::pooled), x.data(), actual.data()};
  table().dropout_rows(op);
  op.y = expected.data();
  ref::kTable.dropout_rows(op);
  EXPECT_EQ(actual, expected);
}

TEST_P(Tables, Losses) {
  const std::int64_t rows = 9, n = 4;
  const Values logits = random_values(rows * n, 1, 3), targets = random_values(rows * n, 2);
  const std::vector<std::int32_t> labels = {0, 1, 2, 3, -100, 1, 2, 0, 3};
  Values actual(logits.size()), expected(logits.size());
  EXPECT_NEAR(loss_of(table().cross_entropy, {rows, n, logits.data(), labels.data(), actual.data()}),
              loss_of(ref::kTable.cross_entropy, {rows, n, logits.data(), labels.data(), expected.data()}),
              1e-6);
  expect_close(actual, expected, 1e-6, "cross-entropy");
  Values in_place = logits;
  table().cross_entropy({rows, n, in_place.data(), labels.data(), in_place.data()});
  EXPECT_EQ(in_place, actual);
  for (const auto loss : {&OpTable::binary_cross_entropy, &OpTable::mean_squared_error}) {
    EXPECT_NEAR(loss_of(table().*loss, {rows, n, logits.data(), targets.data(), actual.data()}),
                loss_of(ref::kTable.*loss, {rows, n, logits.data(), targets.data(), expected.data()}), 1e-5);
    expect_close(actual, expected, 1e-6, "loss");
  }
}

// With every option, at few classes and at a vocabulary's: as the reference in double, in place as well, and
// parts add up.
TEST_P(Tables, LossOptions) {
  // Sums of 1,003 terms in single precision; one by one in ref, and elsewhere as the compiler arranges them.
  const double tolerance = table().name == "ref" ? 2e-5 : 1e-5;
  for (const std::int64_t n : {3, 1003}) {
    const std::int64_t rows = 40;
    const Values logits = random_values(rows * n, 1, 4);
    Values weights = random_values(n, 2);
    for (float& weight : weights) weight = 0.1F + std::abs(weight);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < labels.size(); ++i)
      labels[i] = i % 7 == 3 ? -100 : static_cast<std::int32_t>(static_cast<std::int64_t>(i * 311) % n);
    const CrossEntropy plain{rows, n, logits.data(), labels.data()};
    std::vector<CrossEntropy> cases(6, plain);
    cases[0].smoothing = 0.1F;
    cases[1].class_weights = weights.data();
    cases[2].smoothing = 0.3F, cases[2].class_weights = weights.data();
    cases[3].focal_gamma = 2;
    cases[4].focal_gamma = 0.5F, cases[4].class_weights = weights.data();
    cases[5].items = 100;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      SCOPED_TRACE(fmt::format("case {} of {} classes", i, n));
      CrossEntropy op = cases[i];
      const std::vector<double> inputs(logits.begin(), logits.end()), exact(weights.begin(), weights.end());
      std::vector<double> gradient(logits.size());
      const double expected_loss =
          ref::cross_entropy<double>(rows, n, inputs.data(), labels.data(), gradient.data(),
                                     {op.items, op.class_weights != nullptr ? exact.data() : nullptr,
                                      double{op.smoothing}, double{op.focal_gamma}});
      const Values expected(gradient.begin(), gradient.end());
      Values actual(logits.size());
      op.d_logits = actual.data();
      const double loss = loss_of(table().cross_entropy, op);
      EXPECT_NEAR(loss, expected_loss, tolerance * std::max(1.0, std::abs(expected_loss)));
      expect_close(actual, expected, tolerance, "cross-entropy");
      Values in_place = logits;
      op.logits = op.d_logits = in_place.data();
      EXPECT_EQ(loss_of(table().cross_entropy, op), loss);
      EXPECT_EQ(in_place, actual);
      // In two parts, which know what the whole is a mean over.
      op = cases[i];
      if (op.items == 0) {
        for (const std::int32_t label : labels) {
          if (label == -100) continue;
          op.items += op.class_weights != nullptr ? double{op.class_weights[label]} : 1.0;
        }
      }
      Values parts(logits.size());
      op.rows = 31, op.d_logits = parts.data();
      double sum = loss_of(table().cross_entropy, op);
      op.rows = rows - 31, op.logits += 31 * n, op.labels += 31, op.d_logits += 31 * n;
      sum += loss_of(table().cross_entropy, op);
      EXPECT_NEAR(sum, loss, tolerance * std::max(1.0, std::abs(loss)));
      expect_close(parts, actual, 1e-7, "parts");
    }
    // What is off is not there: the same bits.
    Values without(logits.size()), with(logits.size());
    CrossEntropy op = plain;
    op.d_logits = without.data();
    const double loss = loss_of(table().cross_entropy, op);
    op.d_logits = with.data(),
    op.items = static_cast<double>(std::ranges::count_if(labels, [](auto l) { return l >= 0; }));
    EXPECT_EQ(loss_of(table().cross_entropy, op), loss);
    EXPECT_EQ(with, without);
  }
}

// Sequences of one token, positions outside of them, and items of a whole that these are a part of.
TEST_P(Tables, SpanLoss) {
  const PackedLayout layout({5, 1, 40, 3, 17});
  const std::int64_t tokens = layout.tokens();
  const Values logits = random_values(2 * tokens, 1, 4);
  const std::vector<std::int32_t> starts = {0, 0, 39, -1, 3}, ends = {4, 0, 40, 2, 16};
  for (const double items : {0.0, 9.0}) {
    SpanLoss op{.sequences = 5,
                .cu_seqlens = layout.cu_seqlens.data(),
                .logits = logits.data(),
                .starts = starts.data(),
                .ends = ends.data(),
                .start_items = items,
                .end_items = items};
    Values actual(logits.size()), expected(logits.size());
    op.d_logits = expected.data();
    const double expected_loss = loss_of(ref::kTable.span_loss, op);
    EXPECT_NEAR(loss_of(table().span_loss, op), expected_loss, 1e-13);
    op.d_logits = actual.data();
    EXPECT_NEAR(loss_of(table().span_loss, op), expected_loss, 1e-13);
    expect_close(actual, expected, 1e-7, "span loss");
    for (std::size_t t = 0; t < 3; ++t) EXPECT_EQ(actual[2 * (46 + t)], 0.0F);  // position -1
    op.d_logits = nullptr;
    EXPECT_NEAR(loss_of(table().span_loss, op), expected_loss, 1e-13);
    Values in_place = logits;
    op.logits = op.d_logits = in_place.data();
    EXPECT_NEAR(loss_of(table().span_loss, op), expected_loss, 1e-13);
    EXPECT_EQ(in_place, actual);
  }
  const std::vector<std::int32_t> none(5, -1);
  SpanLoss op{.sequences = 5,
              .cu_seqlens = layout.cu_seqlens.data(),
              .logits = logits.data(),
              .starts = none.data(),
              .ends = none.data()};
  Values actual(logits.size(), 1.0F);
  op.d_logits = actual.data();
  EXPECT_EQ(loss_of(table().span_loss, op), 0.0);
  EXPECT_EQ(actual, Values(logits.size()));
}

// Where the model is certain and right, the focal loss is nothing, and no NaN.
TEST_P(Tables, FocalLossOfCertainPredictions) {
  const Values logits = {200, 0, -200, 0, 0, 200};
  const std::vector<std::int32_t> labels = {0, 2};
  for (const float gamma : {0.5F, 1.0F, 2.0F}) {
    Values gradient(logits.size(), 1);
    const CrossEntropy op{.rows = 2,
                          .classes = 3,
                          .logits = logits.data(),
                          .labels = labels.data(),
                          .d_logits = gradient.data(),
                          .focal_gamma = gamma};
    EXPECT_NEAR(loss_of(table().cross_entropy, op), 0, 1e-12);
    for (const float value : gradient) EXPECT_NEAR(value, 0, 1e-12);
  }
}

TEST_P(Tables, CrossEntropyOverAVocabulary) {
  const std::int64_t rows = 70, n = 1003;
  const Values logits = random_values(rows * n, 1, 5);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i] = i % 7 == 3 ? -100 : static_cast<std::int32_t>(i * 311 % n);
  Values actual(logits.size()), expected(logits.size());
  const double loss = loss_of(table().cross_entropy, {rows, n, logits.data(), labels.data(), actual.data()});
  EXPECT_NEAR(loss,
              loss_of(ref::kTable.cross_entropy, {rows, n, logits.data(), labels.data(), expected.data()}),
              1e-5);
  EXPECT_EQ(loss, loss_of(table().cross_entropy, {rows, n, logits.data(), labels.data(), nullptr}));
  expect_close(actual, expected, 5e-6, "cross-entropy");
  const std::vector<std::int32_t> none(labels.size(), -100);
  EXPECT_EQ(loss_of(table().cross_entropy, {rows, n, logits.data(), none.data(), actual.data()}), 0.0);
  EXPECT_EQ(actual, Values(actual.size()));
}

template <typename Step>
void step_once(void (*operation)(const UpdateList<Step>&), const Step& step) {
  operation({.ranges = &step, .range_count = 1});
}

// Each rule three times over the same gradients: values and states end as the reference's.
TEST_P(Tables, OptimizerSteps) {
  const std::int64_t n = 40001;
  const Values gradients = random_values(n, 1);
  const float* g = gradients.data();
  using Arrays = std::array<Values, 4>;  // values and up to three states
  using Step = std::function<void(const OpTable&, Arrays&, int)>;
  const std::vector<std::pair<const char*, Step>> rules = {
      {"adam",
       [=](const OpTable& ops, Arrays& a, int) {
         step_once(ops.adam_step, {n, a[0].data(), g, a[1].data(), a[2].data(), nullptr, 0.5F, 0.9, 0.999,
                                   1e-8, 0.01, 0.999, 1e-3, 0, 20});
       }},
      {"adam, largest, plain and with the gradient's own rate",
       [=](const OpTable& ops, Arrays& a, int step) {
         step_once(ops.adam_step,
                   {n, a[0].data(), g, a[1].data(), a[2].data(), step == 1 ? a[3].data() : nullptr, 0.5F, 0.9,
                    0.99, 1e-3, 0.01, 0.999, 1e-3, step == 0 ? 1e-3 : 0, 20, step != 2});
       }},
      {"sgd",
       [=](const OpTable& ops, Arrays& a, int step) {
         step_once(ops.sgd_step, {n, a[0].data(), g, step != 2 ? a[1].data() : nullptr, 0.5F, 0.01, 0.999,
                                  1e-2, 0.9, 0.8, 0.3, 0.9});
       }},
      {"adamax",
       [=](const OpTable& ops, Arrays& a, int) {
         step_once(ops.adamax_step,
                   {n, a[0].data(), g, a[1].data(), a[2].data(), -0.5F, 0.9, 0.99, 1e-6, 0.01, 1e-2});
       }},
      {"adagrad",
       [=](const OpTable& ops, Arrays& a, int) {
         step_once(ops.adagrad_step, {n, a[0].data(), g, a[1].data(), 0.5F, 1e-10, 0.01, 1e-2});
       }},
      {"adadelta",
       [=](const OpTable& ops, Arrays& a, int) {
         step_once(ops.adadelta_step,
                   {n, a[0].data(), g, a[1].data(), a[2].data(), 0.5F, 0.9, 1e-6, 0.01, 1.0});
       }},
      {"rmsprop",
       [=](const OpTable& ops, Arrays& a, int step) {
         step_once(ops.rmsprop_step, {n, a[0].data(), g, a[1].data(), step != 0 ? a[2].data() : nullptr,
                                      step != 1 ? a[3].data() : nullptr, 0.5F, 0.9, 1e-2, 0.01, 0.9, 1e-2});
       }},
      {"asgd",
       [=](const OpTable& ops, Arrays& a, int step) {
         step_once(ops.asgd_step,
                   {n, a[0].data(), g, a[1].data(), 0.5F, 0.01, 0.99, 1e-2, step == 0 ? 1.0 : 0.25});
       }},
      {"rprop",
       [=](const OpTable& ops, Arrays& a, int step) {
         step_once(ops.rprop_step, {n, a[0].data(), g, a[1].data(), a[2].data(), step == 2 ? -0.5F : 0.5F,
                                    0.5, 1.2, 0.01, 0.5});
       }},
      {"lion",
       [=](const OpTable& ops, Arrays& a, int step) {
         step_once(ops.lion_step,
                   {n, a[0].data(), g, a[1].data(), step == 1 ? -0.3F : 0.5F, 0.9, 0.99, 0.999, 1e-2});
       }},
  };
  for (const auto& [name, rule] : rules) {
    Arrays results[2];
    for (int i = 0; i < 2; ++i) {
      results[i][0] = random_values(n, 2);
      for (int state = 1; state < 4; ++state) results[i][state].assign(results[i][0].size(), 0.0F);
      for (int step = 0; step < 3; ++step) rule(i == 0 ? table() : ref::kTable, results[i], step);
    }
    for (int part = 0; part < 4; ++part) expect_close(results[0][part], results[1][part], 2e-6, name);
    EXPECT_NE(results[0][0], random_values(n, 2)) << name;
  }
  const ConstSegment all{g, n};
  const SumOfSquares squares{.segments = &all, .count = 1};
  EXPECT_NEAR(result_of(table().sum_of_squares, squares) / result_of(ref::kTable.sum_of_squares, squares),
              1.0, 1e-12);
}

TEST_P(Tables, FactoredSecondMoment) {
  for (const auto& [rows, columns] :
       {std::pair<std::int64_t, std::int64_t>{1, 1}, {1, 700}, {67, 1}, {70, 301}}) {
    const Values x = random_values(rows * columns, 1);
    Values results[2][3];
    for (int i = 0; i < 2; ++i) {
      const OpTable& ops = i == 0 ? table() : ref::kTable;
      auto& [by_row, by_column, update] = results[i];
      by_row.resize(static_cast<std::size_t>(rows)), by_column.resize(static_cast<std::size_t>(columns));
      update.resize(x.size());
      ops.square_sums({rows, columns, x.data(), by_row.data(), by_column.data()});
      ops.factored_update({rows, columns, x.data(), 0.5F, rows > 1 ? by_row.data() : nullptr,
                           by_column.data(), 0.01, 0.1, update.data()});
    }
    for (int part = 0; part < 3; ++part) expect_close(results[0][part], results[1][part], 2e-6, "factored");
  }
}

INSTANTIATE_TEST_SUITE_P(All, Tables, ::testing::ValuesIn(testing::tested_tables()),
                         [](const auto& test) { return std::string(test.param->name); });

TEST(Registry, TilesAreTested) {
  if (testing::find_table("avx512_bf16") == nullptr)
    GTEST_SKIP() << "the table for AMX needs AVX-512 BF16 too, which this machine lacks";
  EXPECT_THAT(testing::tested_tables(), ::testing::Contains(::testing::Field(&OpTable::name, "amx")));
}

TEST(Registry, BestTableComesFirstAndReferenceLast) {
  EXPECT_EQ(supported_tables().back()->name, "ref");
  EXPECT_GE(supported_tables().size(), 2U);
  for (const OpTable* table : supported_tables()) {
    EXPECT_NE(table->matmul, nullptr) << table->name;
    EXPECT_NE(table->cross_entropy, nullptr) << table->name;
#define BERTUNE_EXPECT(name, Op) EXPECT_NE(table->name, nullptr) << table->name << ": " << #name;
    BERTUNE_OPERATIONS(BERTUNE_EXPECT)
#undef BERTUNE_EXPECT
  }
}

}  // namespace
}  // namespace bertune::kernels
