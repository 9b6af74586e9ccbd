#include "core/parallel.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bertune {
namespace {

TEST(ParallelFor, RunsEachBlockOnce) {
  for (const int threads : {1, 2, 5}) {
    set_num_threads(threads);
    std::vector<std::atomic<int>> counts(1000);
    parallel_for(1000, [&](std::int64_t block) { ++counts[static_cast<std::size_t>(block)]; });
    for (const auto& count : counts) EXPECT_EQ(count, 1);
  }
  set_num_threads(0);
}

TEST(ParallelFor, NestsAndRethrows) {
  set_num_threads(2);
  std::atomic<int> inner{0};
  parallel_for(4, [&](std::int64_t) { parallel_for(3, [&](std::int64_t) { ++inner; }); });
  EXPECT_EQ(inner, 12);
  EXPECT_THROW(parallel_for(8,
                            [](std::int64_t block) {
                              if (block == 5) throw std::runtime_error("five");
                            }),
               std::runtime_error);
  set_num_threads(0);
}

TEST(ParallelFor, ThreadsAreBoundToCpusOfTheirOwn) {
  std::jthread([] {  // so that this thread stays free
    set_num_threads(available_threads() + 1);
    EXPECT_EQ(pin_threads(), 0);
    set_num_threads(1);
    EXPECT_EQ(pin_threads(), 1);
    cpu_set_t own;
    ASSERT_EQ(sched_getaffinity(0, sizeof own, &own), 0);
    EXPECT_EQ(CPU_COUNT(&own), 1);
    set_num_threads(0);
  })
      .join();
  set_num_threads(0);
}

}  // namespace
}  // namespace bertune
