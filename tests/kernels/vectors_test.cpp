// Numbers in a row: memory, fills, copies, sums; and lists of ranges and rows.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/buffer.h"
#include "kernels/cases.h"
#include "kernels/context.h"
#include "kernels/profile.h"
#include "kernels/ref/table.h"
#include "kernels/tested_tables.h"

namespace bertune::kernels {
namespace {

using testing::random_values;
using Values = std::vector<float>;

class Vectors : public ::testing::TestWithParam<const OpTable*> {
 protected:
  const OpTable& table() const { return *GetParam(); }
};

TEST_P(Vectors, MemoryIsZeroedAndCopied) {
  for (const std::size_t size : {0U, 3U, 1U << 20}) {  // of nothing, on the heap, mapped
    const Context::Use use({.ops = &table()});
    Buffer<float> buffer(size, size / 2);
    Values host(size, 1.0F);
    ops().download(host.data(), buffer.data(), size * sizeof(float));
    EXPECT_EQ(host, Values(size));
    std::iota(host.begin(), host.end(), 1.0F);
    ops().upload(buffer.data(), host.data(), size * sizeof(float));
    if (size > 0) {
      ops().commit(buffer.data(), size * sizeof(float));
      EXPECT_EQ(downloaded(buffer, size - 1), static_cast<float>(size));
    }
  }
}

TEST_P(Vectors, FillScaleCopyAndCombine) {
  for (const std::int64_t n : {1, 17, 40001}) {
    const Values x = random_values(n, 1), y = random_values(n, 2);
    Values results[2][4];
    for (int i = 0; i < 2; ++i) {
      const OpTable& ops = i == 0 ? table() : ref::kTable;
      auto& [filled, scaled, copied, combined] = results[i];
      filled = scaled = combined = y;
      copied.resize(y.size());
      const Segment parts[] = {{filled.data(), n / 2}, {filled.data() + n - 1, 1}};
      ops.fill({parts, 2, 2.5F});
      ops.scale({n, scaled.data(), 0.3F});
      ops.copy({n, copied.data(), x.data()});
      ops.axpby({n, -0.7, x.data(), 0.9, combined.data()});
    }
    for (int part = 0; part < 3; ++part) EXPECT_EQ(results[0][part], results[1][part]);
    testing::expect_close(results[0][3], results[1][3], 2e-7, "axpby");
    EXPECT_EQ(results[0][0].back(), 2.5F);
    EXPECT_EQ(results[0][2], x);
  }
  Values square = random_values(9, 1);
  const Values before = square;
  table().add_to_diagonal({3, square.data(), 2});
  for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(square[i], before[i] + (i % 4 == 0 ? 2.0F : 0.0F));
}

// By their bits: a NaN equals itself, and 0 is not -0.
TEST_P(Vectors, Equality) {
  const auto equal = [&](const Values& a, const Values& b) {
    return result_of(table().equal, {static_cast<std::int64_t>(a.size()), a.data(), b.data()});
  };
  EXPECT_EQ(equal({}, {}), 1);
  for (const std::int64_t n : {1, 17, 40001}) {
    Values a = random_values(n, 1);
    a[0] = std::numeric_limits<float>::quiet_NaN();
    Values b = a;
    EXPECT_EQ(equal(a, b), 1);
    a.back() = 0.0F, b.back() = -0.0F;
    EXPECT_EQ(equal(a, b), 0);
  }
}

TEST_P(Vectors, Sums) {
  for (const std::int64_t n : {0, 1, 17, 40001}) {
    Values a = random_values(n, 1), b = random_values(n, 2);
    const Dot dot{n, a.data(), b.data()};
    EXPECT_NEAR(result_of(table().dot, dot), result_of(ref::kTable.dot, dot), 1e-9);
    const Reduction all{n, a.data()};
    EXPECT_NEAR(result_of(table().abs_sum, all), result_of(ref::kTable.abs_sum, all), 1e-8);
    EXPECT_EQ(result_of(table().abs_max, all), result_of(ref::kTable.abs_max, all));
    if (n == 0) continue;
    a.back() = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(result_of(table().abs_max, all), HUGE_VAL);
  }
}

// In one call and each for itself: the same bits, whatever the lengths.
TEST_P(Vectors, SumOfSquaresOverSegments) {
  const Values x = random_values(100000, 1);
  std::vector<ConstSegment> segments = {{x.data(), 40001}, {x.data() + 40001, 0}};
  for (std::int64_t row = 0; row < 100; ++row) segments.push_back({x.data() + 41000 + 384 * row, 384});
  segments.push_back({x.data() + 80000, 16385});
  double sum = 0;
  for (const ConstSegment& segment : segments) {
    const SumOfSquares one{.segments = &segment, .count = 1};
    sum += result_of(table().sum_of_squares, one);
  }
  const SumOfSquares all{.segments = segments.data(), .count = static_cast<std::int64_t>(segments.size())};
  EXPECT_EQ(result_of(table().sum_of_squares, all), sum);
  EXPECT_NEAR(sum / result_of(ref::kTable.sum_of_squares, all), 1, 1e-12);
}

TEST_P(Vectors, DecayingAverages) {
  const Values target = random_values(37, 1);
  Values results[2];
  double sums[2];
  for (int i = 0; i < 2; ++i) {
    results[i] = random_values(37, 2);
    (i == 0 ? table() : ref::kTable)
        .decay_average({37, results[i].data(), target.data(), 0.5, 0.1, &sums[i]});
  }
  testing::expect_close(results[0], results[1], 1e-7, "averages");
  EXPECT_NEAR(sums[0], std::accumulate(results[0].begin(), results[0].end(), 0.0), 1e-5);
  EXPECT_NEAR(sums[0], sums[1], 1e-5);
}

// More ranges than are cut at a time, empty ones, and rows through steps of their own: as the reference, and
// as a call for each.
TEST_P(Vectors, UpdateLists) {
  constexpr std::int64_t kRows = 9, kWidth = 21, kRanges = 1100;
  const Values before = random_values(200000, 1), gradients = random_values(200000, 2);
  const auto run = [&](const OpTable& ops, Values& values, Values& state, bool at_once) {
    std::vector<SgdStep> ranges;
    std::int64_t offset = kRows * kWidth;
    for (std::int64_t i = 0; i < kRanges; ++i) {
      const std::int64_t size = i == 7 ? 40001 : i % 5 == 0 ? 0 : i % 90;
      ranges.push_back({.size = size,
                        .values = values.data() + offset,
                        .gradients = gradients.data() + offset,
                        .momentum_buffer = state.data() + offset,
                        .rate = 1e-2 * static_cast<double>(i + 1),
                        .momentum = 0.9});
      offset += size;
    }
    ASSERT_LT(offset, 200000);
    std::vector<SgdStep> steps;
    for (const double rate : {0.1, 0.2, 0.3}) {
      steps.push_back({.size = kWidth,
                       .values = values.data(),
                       .gradients = gradients.data(),
                       .momentum_buffer = state.data(),
                       .l2 = 0.1,
                       .rate = rate,
                       .momentum = 0.9});
    }
    const std::vector<SteppedRow> rows = {{4, 0, 3}, {1, 2, 3}, {8, 1, 3}, {0, 1, 1}};
    for (const bool one_gradient : {false, true}) {
      if (at_once) {
        ops.sgd_step({ranges.data(), kRanges, steps.data(), rows.data(), 4, one_gradient});
        continue;
      }
      for (const SgdStep& range : ranges) ops.sgd_step({.ranges = &range, .range_count = 1});
      for (const SteppedRow& row : rows) {
        for (std::int64_t i = row.first; i < row.end; ++i) {
          SgdStep one = steps[static_cast<std::size_t>(i)];
          one.values += row.row * kWidth, one.momentum_buffer += row.row * kWidth;
          if (!one_gradient) one.gradients += row.row * kWidth;
          ops.sgd_step({.ranges = &one, .range_count = 1});
        }
      }
    }
  };
  Values results[3][2];
  for (int i = 0; i < 3; ++i) {
    results[i][0] = before, results[i][1].resize(before.size());
    run(i == 2 ? ref::kTable : table(), results[i][0], results[i][1], i != 1);
  }
  for (int part = 0; part < 2; ++part) {
    EXPECT_EQ(results[0][part], results[1][part]);
    testing::expect_close(results[0][part], results[2][part], 2e-6, "updates");
  }
  EXPECT_NE(results[0][0][4 * kWidth], before[4 * kWidth]);
  EXPECT_EQ(results[0][0][3 * kWidth], before[3 * kWidth]);
}

INSTANTIATE_TEST_SUITE_P(All, Vectors, ::testing::ValuesIn(testing::tested_tables()),
                         [](const auto& test) { return std::string(test.param->name); });

TEST(Contexts, PoolIsTheThreads) {
  ThreadPool pool(2);
  const ThreadPool* before = ThreadPool::in_use();
  {
    const Context::Use use({.pool = &pool});
    EXPECT_EQ(ThreadPool::in_use(), &pool);
    const Context::Use other({});
    EXPECT_EQ(ThreadPool::in_use(), &pool);
  }
  EXPECT_EQ(ThreadPool::in_use(), before);
}

// Threads have contexts of their own, and a profiler records what its thread asks for.
TEST(Contexts, ProfileIsOfTheThreadThatUsesIt) {
  Values x = {1, 2, 3};
  const OpTable& machine = machine_ops();
  EXPECT_EQ(&ops(), &machine);
  Profiler profiler(Context{.ops = &ref::kTable});
  {
    const Context::Use use(profiler.context());
    EXPECT_EQ(ops().name, "ref");
    profiler.set_layer(1);
    ops().scale({3, x.data(), 2});
    {
      const Context::Use other({});
      EXPECT_EQ(&ops(), &machine);
      ops().scale({3, x.data(), 2});
    }
    profiler.set_layer(-1);
    const AdagradStep step{.size = 3, .values = x.data(), .gradients = x.data(), .sum = x.data()};
    ops().adagrad_step({.ranges = &step, .range_count = 1});
  }
  ops().scale({3, x.data(), 2});
  ASSERT_EQ(profiler.calls().size(), 2U);
  EXPECT_EQ(profiler.calls()[0].operation, "scale");
  EXPECT_EQ(profiler.calls()[0].layer, 1);
  EXPECT_EQ(profiler.calls()[1].operation, "adagrad_step");
  EXPECT_EQ(profiler.calls()[1].layer, -1);
  EXPECT_EQ(profiler.calls()[1].bytes, 5 * 4 * 3);
}

}  // namespace
}  // namespace bertune::kernels
