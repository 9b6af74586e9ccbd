// Matrix products on every table: against the reference, for every path of the blocking, and against
// themselves.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "kernels/cases.h"
#include "kernels/ops.h"
#include "kernels/ref/table.h"
#include "kernels/tested_tables.h"

namespace bertune::kernels {
namespace {

using testing::expect_close;
using testing::random_values;
using Values = std::vector<float>;

class Matmuls : public ::testing::TestWithParam<const OpTable*> {
 protected:
  const OpTable& table() const { return *GetParam(); }
};

struct MatmulShape {
  std::int64_t m, n, k;
};
// Every path of the blocking: one row, edges of tiles and panels, whole tiles, few rows and many, no, one and
// several blocks along k.
const std::vector<MatmulShape> kMatmulShapes = {{1, 2, 3},    {37, 29, 53},  {7, 144, 1},    {32, 48, 64},
                                                {5, 200, 31}, {300, 96, 40}, {1100, 50, 17}, {66, 72, 1301},
                                                {16, 64, 32}, {17, 32, 33},  {80, 31, 512},  {9, 40, 0}};

// `rows` of `width` random numbers, and NaN wherever else a product might read: between the rows and after
// them.
Values random_matrix(std::int64_t rows, std::int64_t width, std::int64_t stride, std::uint64_t seed) {
  Values values = random_values((rows + 2) * stride, seed);
  for (std::int64_t i = 0; i < rows + 2; ++i) {
    const auto row = values.begin() + i * stride;
    std::fill(i < rows ? row + width : row, row + stride, std::nanf(""));
  }
  return values;
}

// Strides are wider than the matrices; what lies between rows must not be read in A and B, and stay in C.
void expect_like_reference(const OpTable& table, MatmulShape shape, bool ta, bool tb, bool accumulate,
                           Operands operands) {
  const auto [m, n, k] = shape;
  const std::int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 5;
  Values a = random_matrix(ta ? k : m, ta ? m : k, lda, 1), b = random_matrix(tb ? n : k, tb ? k : n, ldb, 2);
  Values actual = random_values(m * ldc, 3), expected = actual;
  if (operands ==
      Operands::bf16) {  // numbers that bf16 holds exactly: products then differ by the order of sums alone
    for (Values* values : {&a, &b}) {
      for (float& value : *values) value = std::round(value * 16) / 16;
    }
  }
  Matmul op{ta, tb, m, n, k, a.data(), lda, b.data(), ldb, accumulate, actual.data(), ldc, operands};
  Values again = actual, packed(static_cast<std::size_t>(table.packed_size(op)));
  table.matmul(op);
  if (!packed.empty()) {
    table.pack_b({op, packed.data()});
    op.packed_b = packed.data(), op.c = again.data();
    table.matmul(op);
    expect_close(again, actual, 1e-6, "packed");
  }
  op.c = expected.data();
  ref::kTable.matmul(op);
  expect_close(actual, expected, 2e-6,
               fmt::format("{} x {} x {}, {} {} {}", m, n, k, ta, tb, accumulate).c_str());
}

TEST_P(Matmuls, LikeReference) {
  for (const MatmulShape shape : kMatmulShapes) {
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        for (const bool accumulate : {false, true}) {
          expect_like_reference(table(), shape, ta, tb, accumulate, Operands::f32);
          expect_like_reference(table(), shape, ta, tb, accumulate, Operands::bf16);
        }
      }
    }
  }
}

// A product of NaN leaves them in the memory that operands are packed into, from which the padding of the
// next must not come.
TEST_P(Matmuls, NotChangedByTheOneBefore) {
  set_num_threads(1);  // the same memory
  const std::int64_t m = 200, n = 200, k = 600;
  const Values nan(m * k, std::nanf(""));
  for (const MatmulShape shape :
       std::vector<MatmulShape>{{7, 144, 1}, {37, 29, 53}, {17, 32, 33}, {66, 72, 301}}) {
    for (const Operands operands : {Operands::f32, Operands::bf16}) {
      for (const bool transpose : {false, true}) {
        Values c(m * n);
        table().matmul({transpose, transpose, m, n, k, nan.data(), transpose ? m : k, nan.data(),
                        transpose ? k : n, false, c.data(), n, operands});
        EXPECT_TRUE(std::isnan(c[0]));
        expect_like_reference(table(), shape, transpose, transpose, false, operands);
      }
    }
  }
  set_num_threads(0);
}

TEST_P(Matmuls, Bf16RoundsInputsOnly) {
  if (!table().bf16) GTEST_SKIP() << "no bf16 products here";
  const std::int64_t m = 40, n = 100, k = 300;
  const Values a = random_values(m * k, 1), b = random_values(k * n, 2);
  Values actual(m * n), expected(m * n);
  Matmul op{false, false, m, n, k, a.data(), k, b.data(), n, false, actual.data(), n, Operands::bf16};
  table().matmul(op);
  op.c = expected.data();
  ref::kTable.matmul(op);
  expect_close(actual, expected, 4e-3, "bf16");
}

// Integer sums are exact: every instruction set, packed or not, on any number of threads, has the bits of the
// reference.
TEST_P(Matmuls, Int8HasTheBitsOfTheReference) {
  for (const auto& [m, n, k] : kMatmulShapes) {
    const std::int64_t lda = k + 3, ldb = k + 1, ldc = n + 5;
    Values a = random_matrix(m, k, lda, 1), b = random_matrix(n, k, ldb, 2);
    if (k > 8) std::fill_n(b.begin(), k, 0.0F);  // a column of zeros
    for (std::int64_t i = 0; i < m; ++i)
      a[static_cast<std::size_t>(i * lda)] *= 30;  // outliers, as in models
    Values expected = random_values(m * ldc, 3);
    const Values before = expected;
    Matmul op{false, true,          m, n, k, a.data(), lda, b.data(), ldb, false, expected.data(),
              ldc,   Operands::int8};
    ref::kTable.matmul(op);
    Values packed(static_cast<std::size_t>(table().packed_size(op)));
    if (!packed.empty()) table().pack_b({op, packed.data()});
    for (const int threads : {1, 3}) {
      set_num_threads(threads);
      for (const float* packed_b :
           {static_cast<const float*>(nullptr), static_cast<const float*>(packed.data())}) {
        Values actual = before;
        op.packed_b = packed.empty() ? nullptr : packed_b, op.c = actual.data();
        table().matmul(op);
        EXPECT_EQ(actual, expected) << fmt::format("{} x {} x {}, {} threads", m, n, k, threads);
      }
    }
    set_num_threads(0);
  }
}

// The largest operands there are, of one sign: no sum overflows.
TEST_P(Matmuls, Int8HoldsTheLargestSums) {
  const std::int64_t m = 9, n = 50, k = 3072;
  for (const float sign : {1.0F, -1.0F}) {
    const Values a(m * k, 2.0F), b(n * k, 3 * sign);
    Values c(m * n);
    table().matmul({false, true, m, n, k, a.data(), k, b.data(), k, false, c.data(), n, Operands::int8});
    for (const float value : c) EXPECT_FLOAT_EQ(value, 6 * sign * k);
  }
}

TEST_P(Matmuls, Int8IsNearTheProductOfWhatItRounds) {
  const std::int64_t m = 40, n = 100, k = 300;
  const Values a = random_values(m * k, 1), b = random_values(k * n, 2);
  Values actual(m * n), expected(m * n);
  Matmul op{false, true, m, n, k, a.data(), k, b.data(), k, false, actual.data(), n, Operands::int8};
  table().matmul(op);
  op.operands = Operands::f32, op.c = expected.data();
  ref::kTable.matmul(op);
  expect_close(actual, expected, 2e-2, "int8");
}

// What is not finite is not hidden by rounding.
TEST_P(Matmuls, Int8KeepsNaN) {
  const std::int64_t m = 3, n = 20, k = 40;
  Values a = random_values(m * k, 1), b = random_values(k * n, 2), c(m * n);
  a[k + 7] = std::nanf("");
  table().matmul({false, true, m, n, k, a.data(), k, b.data(), k, false, c.data(), n, Operands::int8});
  for (std::int64_t j = 0; j < n; ++j) {
    EXPECT_TRUE(std::isfinite(c[static_cast<std::size_t>(j)]));
    EXPECT_TRUE(std::isnan(c[static_cast<std::size_t>(n + j)]));
  }
}

// However the work is cut, each number is the same sum.
TEST_P(Matmuls, TheSameOnAnyNumberOfThreads) {
  for (const auto& [m, n, k] : std::vector<MatmulShape>{{40, 300, 70}, {300, 96, 700}, {1100, 50, 30}}) {
    for (const Operands operands : {Operands::f32, Operands::bf16}) {
      for (const bool ta : {false, true}) {
        const Values a = random_values(m * k, 1), b = random_values(k * n, 2);
        Values results[4];
        for (int i = 0; i < 4; ++i) {
          constexpr int kThreads[] = {1, 2, 3, 7};
          set_num_threads(kThreads[i]);
          results[i] = random_values(m * n, 3);
          table().matmul(
              {ta, false, m, n, k, a.data(), ta ? m : k, b.data(), n, true, results[i].data(), n, operands});
          EXPECT_EQ(results[i], results[0])
              << fmt::format("{} x {} x {}, {} {}", m, n, k, static_cast<int>(operands), kThreads[i]);
        }
        set_num_threads(0);
        EXPECT_EQ(testing::threads_with_tiles(), 0);
      }
    }
  }
}

// A product that an operation starts with is the product made before it, however many threads share its last
// blocks.
TEST_P(Matmuls, ProducersRunFirst) {
  const std::int64_t n = 100, k = 20;
  for (const int threads : {1, 2, 7}) {
    set_num_threads(threads);
    for (const std::int64_t rows : {3, 70, 700, 1100}) {
      for (const Operands operands : {Operands::f32, Operands::bf16, Operands::int8}) {
        const Values x = random_values(rows * k, 1), w = random_values(n * k, 2), bias = random_values(n, 3);
        const std::string which =
            fmt::format("{} rows, {}, {} threads", rows, static_cast<int>(operands), threads);
        Values fused(rows * n), apart(rows * n);
        Matmul product{false, true, rows, n, k, x.data(), k, w.data(), k, false, fused.data(), n, operands};
        table().add_bias({rows, n, fused.data(), bias.data(), &product});
        product.c = apart.data();
        table().matmul(product);
        table().add_bias({rows, n, apart.data(), bias.data()});
        EXPECT_EQ(fused, apart) << which;

        Values of_fused(rows * n), of_apart(rows * n);
        product.c = fused.data();
        table().activation_forward(
            {Activation::gelu, rows, n, fused.data(), bias.data(), of_fused.data(), &product});
        product.c = apart.data();
        table().matmul(product);
        table().activation_forward({Activation::gelu, rows, n, apart.data(), bias.data(), of_apart.data()});
        EXPECT_EQ(of_fused, of_apart) << which;

        const Values seen = random_values(rows * n, 4);
        Values sums(n), sums_apart(n), partial(block_count(rows, kRowBlock) * n);
        ActivationBackward backward{Activation::gelu, rows, n, seen.data(), of_fused.data(), of_fused.data()};
        product.c = of_fused.data();
        backward.d_bias = sums.data(), backward.partial_sums = partial.data(), backward.producer = &product;
        table().activation_backward(backward);
        product.c = of_apart.data();
        table().matmul(product);
        backward.dy = of_apart.data(), backward.dx = of_apart.data(), backward.producer = nullptr;
        backward.d_bias = sums_apart.data();
        table().activation_backward(backward);
        EXPECT_EQ(of_fused, of_apart) << which;
        EXPECT_EQ(sums, sums_apart) << which;
      }
    }
  }
  set_num_threads(0);
}

INSTANTIATE_TEST_SUITE_P(All, Matmuls, ::testing::ValuesIn(testing::tested_tables()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace bertune::kernels
