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
                           bool bf16) {
  const auto [m, n, k] = shape;
  const std::int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 5;
  Values a = random_matrix(ta ? k : m, ta ? m : k, lda, 1), b = random_matrix(tb ? n : k, tb ? k : n, ldb, 2);
  Values actual = random_values(m * ldc, 3), expected = actual;
  if (bf16) {  // numbers that bf16 holds exactly: products then differ by the order of sums alone
    for (Values* values : {&a, &b}) {
      for (float& value : *values) value = std::round(value * 16) / 16;
    }
  }
  Matmul op{ta, tb, m, n, k, a.data(), lda, b.data(), ldb, accumulate, actual.data(), ldc, bf16};
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
          expect_like_reference(table(), shape, ta, tb, accumulate, false);
          expect_like_reference(table(), shape, ta, tb, accumulate, true);
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
    for (const bool bf16 : {false, true}) {
      for (const bool transpose : {false, true}) {
        Values c(m * n);
        table().matmul({transpose, transpose, m, n, k, nan.data(), transpose ? m : k, nan.data(),
                        transpose ? k : n, false, c.data(), n, bf16});
        EXPECT_TRUE(std::isnan(c[0]));
        expect_like_reference(table(), shape, transpose, transpose, false, bf16);
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
  Matmul op{false, false, m, n, k, a.data(), k, b.data(), n, false, actual.data(), n, true};
  table().matmul(op);
  op.c = expected.data();
  ref::kTable.matmul(op);
  expect_close(actual, expected, 4e-3, "bf16");
}

// However the work is cut, each number is the same sum.
TEST_P(Matmuls, TheSameOnAnyNumberOfThreads) {
  for (const auto& [m, n, k] : std::vector<MatmulShape>{{40, 300, 70}, {300, 96, 700}, {1100, 50, 30}}) {
    for (const bool bf16 : {false, true}) {
      for (const bool ta : {false, true}) {
        const Values a = random_values(m * k, 1), b = random_values(k * n, 2);
        Values results[4];
        for (int i = 0; i < 4; ++i) {
          constexpr int kThreads[] = {1, 2, 3, 7};
          set_num_threads(kThreads[i]);
          results[i] = random_values(m * n, 3);
          table().matmul(
              {ta, false, m, n, k, a.data(), ta ? m : k, b.data(), n, true, results[i].data(), n, bf16});
          EXPECT_EQ(results[i], results[0]) << fmt::format("{} x {} x {}, {} {}", m, n, k, bf16, kThreads[i]);
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
      for (const bool bf16 : {false, true}) {
        const Values x = random_values(rows * k, 1), w = random_values(n * k, 2), bias = random_values(n, 3);
        Values fused(rows * n), apart(rows * n);
        Matmul product{false, true, rows, n, k, x.data(), k, w.data(), k, false, fused.data(), n, bf16};
        table().add_bias({rows, n, fused.data(), bias.data(), &product});
        product.c = apart.data();
        table().matmul(product);
        table().add_bias({rows, n, apart.data(), bias.data()});
        EXPECT_EQ(fused, apart) << fmt::format("{} rows, {}, {} threads", rows, bf16, threads);
      }
    }
  }
  set_num_threads(0);
}

INSTANTIATE_TEST_SUITE_P(All, Matmuls, ::testing::ValuesIn(testing::tested_tables()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace bertune::kernels
