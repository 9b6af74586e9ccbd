// The host and memory that it may not reach: views, writes, and uploads of many arrays at once.
#include "kernels/host_access.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

#include "kernels/arena.h"
#include "kernels/context.h"
#include "kernels/protected_table.h"
#include "kernels/uploads.h"

namespace bertune::kernels {
namespace {

using Values = std::vector<float>;

Values seen(std::span<const float> memory) {
  HostView<float> view;
  const std::span<const float> numbers = view.see(memory);
  return {numbers.begin(), numbers.end()};
}

class HostAccess : public ::testing::TestWithParam<const OpTable*> {
 protected:
  const Context::Use use_{{.ops = GetParam()}};
};

TEST_P(HostAccess, ReadsWritesAndChanges) {
  Buffer<float> memory(5);
  write_on_host(memory.span(),
                [](std::span<float> numbers) { std::iota(numbers.begin(), numbers.end(), 1.0F); });
  EXPECT_EQ(seen(memory.span()), (Values{1, 2, 3, 4, 5}));
  change_on_host(memory.span().subspan(1, 3), [](std::span<float> numbers) { numbers[1] *= 10; });
  EXPECT_EQ(seen(memory.span()), (Values{1, 2, 30, 4, 5}));
  EXPECT_EQ(seen({}), Values());
}

// Memory that the host reaches is lent.
TEST_P(HostAccess, CopiesWhereItMust) {
  Buffer<float> memory(5);
  HostView<float> view;
  EXPECT_EQ(view.see(memory.span()).data() == memory.data(), ops().host_memory);
}

TEST_P(HostAccess, UploadsManyArraysAtOnce) {
  Uploads uploads;
  for (const std::size_t size : {3U, 40U, 7U}) {
    Values floats(size, 0.5F);
    std::vector<std::int32_t> none;
    const float* first = nullptr;
    const double* second = nullptr;
    const std::int32_t* third = reinterpret_cast<const std::int32_t*>(&uploads);
    uploads.add(floats, first);
    floats[0] = 7;  // it has been copied
    const std::span<double> room = uploads.room(size, second);
    std::iota(room.begin(), room.end(), 1.0);
    uploads.add(none, third);
    uploads.run();
    EXPECT_EQ(seen({first, size}), Values(size, 0.5F));
    std::vector<double> doubles(size);
    ops().download(doubles.data(), second, size * sizeof(double));
    EXPECT_EQ(doubles.back(), static_cast<double>(size));
    EXPECT_EQ(third, nullptr);
  }
}

TEST_P(HostAccess, AnArenaIsMemoryOfTheTable) {
  Arena arena;
  float *a = nullptr, *b = nullptr;
  for (const std::int64_t size : {5, 100, 20}) {
    arena.lay_out([&](Arena& memory) { a = memory.take(size), b = memory.take(size); });
    ops().upload(b, Values(static_cast<std::size_t>(size), 2.0F).data(), static_cast<std::size_t>(size) * 4);
    EXPECT_EQ(seen({b, static_cast<std::size_t>(size)}), Values(static_cast<std::size_t>(size), 2.0F));
    EXPECT_EQ((b - a) % 16, 0);
  }
  EXPECT_EQ(arena.size_bytes(), 2 * 112 * sizeof(float));
}

TEST(Arena, HandsOutAlignedDisjointPiecesAndGrows) {
  Arena arena;
  float *a = nullptr, *b = nullptr;
  const auto plan = [&](std::int64_t n) {
    arena.lay_out([&](Arena& memory) { a = memory.take(n), b = memory.take(n); });
  };
  plan(3);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a) % 64, 0U);
  EXPECT_EQ(b - a, 16);
  const std::size_t small = arena.size_bytes();
  plan(1000);
  EXPECT_GT(arena.size_bytes(), small);
  EXPECT_GE(b - a, 1000);
  plan(2);  // never shrinks
  EXPECT_GE(arena.size_bytes(), 8000U);
}

INSTANTIATE_TEST_SUITE_P(All, HostAccess, ::testing::Values(&machine_ops(), &testing::protected_table()),
                         [](const auto& test) { return test.param->host_memory ? "lent" : "copied"; });

}  // namespace
}  // namespace bertune::kernels
