#include "core/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/parallel.h"

namespace bertune {
namespace {

// Blocks of `pool`, or of the pool in use where there is none.
template <typename Body>
void run(ThreadPool& pool, std::int64_t blocks, const Body& body) {
  const ThreadPool::Use use(pool);
  parallel_for(blocks, body);
}

// Blocks that end when all of them have begun: each is on a thread of its own.
std::set<std::thread::id> threads_that_meet(ThreadPool& pool, int threads) {
  std::latch all(threads);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  run(pool, threads, [&](std::int64_t) {
    all.arrive_and_wait();
    const std::scoped_lock lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  return ids;
}

TEST(ThreadPool, RunsEachBlockOnceOnAnyNumberOfThreads) {
  for (const int threads : {0, 1, 2, 3, 4 * available_threads()}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), std::max(1, threads));
    for (const std::size_t blocks : {0, 1, 2, 3, 1000}) {
      std::vector<std::atomic<int>> counts(blocks);
      run(pool, static_cast<std::int64_t>(blocks),
          [&](std::int64_t block) { ++counts[static_cast<std::size_t>(block)]; });
      for (const auto& count : counts) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, SharesBlocksOutToAllItsThreadsAndTheCaller) {
  for (const int threads : {2, 5}) {
    ThreadPool pool(threads);
    for (int i = 0; i < 3; ++i) {
      if (i == 2) std::this_thread::sleep_for(std::chrono::milliseconds(20));  // all sleep by then
      const auto ids = threads_that_meet(pool, threads);
      EXPECT_EQ(ids.size(), static_cast<std::size_t>(threads));
      EXPECT_TRUE(ids.contains(std::this_thread::get_id()));
    }
  }
}

TEST(ThreadPool, OneThreadIsTheCallerAlone) {
  ThreadPool pool(1);
  std::vector<std::int64_t> blocks;
  run(pool, 5, [&](std::int64_t block) {
    EXPECT_FALSE(in_parallel());
    blocks.push_back(block);
  });
  EXPECT_EQ(blocks, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
}

TEST(ThreadPool, SeesWhatWasWrittenBeforeAndShowsWhatItWrites) {
  ThreadPool pool(3);
  std::vector<std::int64_t> numbers(64);
  std::int64_t expected = 0;
  for (std::int64_t round = 0; round < 100'000; ++round) {  // many tiny pieces of work
    const auto blocks = 2 + round % 7;
    run(pool, blocks, [&](std::int64_t block) { numbers[static_cast<std::size_t>(block)] += round; });
    expected += blocks * round;
  }
  EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0}), expected);
}

TEST(ThreadPool, SleepsAndWakesBetweenPiecesOfWork) {
  ThreadPool pool(3);
  std::atomic<std::int64_t> sum{0};
  for (int round = 0; round < 300; ++round) {  // waits about as long as threads spin
    std::this_thread::sleep_for(std::chrono::microseconds(round));
    run(pool, 4, [&](std::int64_t block) { sum += block; });
  }
  EXPECT_EQ(sum, 300 * 6);
}

TEST(ThreadPool, RethrowsTheFirstExceptionAndLeavesOutWhatHasNotBegun) {
  ThreadPool pool(3);
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> begun{0};
    try {
      run(pool, 1'000'000, [&](std::int64_t block) {
        ++begun;
        if (block == 5) throw std::runtime_error("five");
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "five");
    }
    EXPECT_GE(begun, 6);
    EXPECT_LT(begun, 1'000'000);
    EXPECT_FALSE(in_parallel());
  }
  EXPECT_EQ(threads_that_meet(pool, 3).size(), 3U);
}

TEST(ThreadPool, NestedWorkRunsOnTheThreadThatStartsIt) {
  ThreadPool outer(3), inner(3);
  std::atomic<int> blocks{0};
  run(outer, 6, [&](std::int64_t) {
    EXPECT_TRUE(in_parallel());
    const auto thread = std::this_thread::get_id();
    const auto body = [&](std::int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), thread);
      ++blocks;
    };
    parallel_for(10, body);
    run(inner, 10, body);
    EXPECT_TRUE(in_parallel());
    EXPECT_EQ(num_threads(), 3);
  });
  EXPECT_EQ(blocks, 6 * 20);
  EXPECT_FALSE(in_parallel());
}

TEST(ThreadPool, ASecondCallerDoesNotWait) {
  ThreadPool pool(2);
  std::latch both(2), finish(1);
  std::jthread first([&] {
    run(pool, 2, [&](std::int64_t) {
      both.count_down();
      finish.wait();
    });
  });
  both.wait();  // the pool is at work, and stays so until the second caller is done
  int blocks = 0;
  run(pool, 100, [&](std::int64_t block) {
    EXPECT_FALSE(in_parallel());
    EXPECT_EQ(block, blocks++);
  });
  EXPECT_EQ(blocks, 100);
  finish.count_down();
}

TEST(ThreadPool, ServesManyCallersAtOnce) {
  ThreadPool pool(3);
  std::vector<std::jthread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 3000; ++round) {
        std::vector<std::int64_t> numbers(8);
        run(pool, 8, [&](std::int64_t block) { numbers[static_cast<std::size_t>(block)] = block + caller; });
        for (std::int64_t i = 0; i < 8; ++i) ASSERT_EQ(numbers[static_cast<std::size_t>(i)], i + caller);
      }
    });
  }
}

TEST(ThreadPool, IsUsedByTheThreadThatAsksForIt) {
  set_num_threads(2);
  ThreadPool outer(3), inner(5);
  {
    const ThreadPool::Use use(outer);
    EXPECT_EQ(num_threads(), 3);
    {
      const ThreadPool::Use use_inner(inner);
      EXPECT_EQ(num_threads(), 5);
      std::jthread([] { EXPECT_EQ(num_threads(), 2); }).join();
    }
    EXPECT_EQ(num_threads(), 3);
  }
  EXPECT_EQ(num_threads(), 2);
  set_num_threads(0);
}

TEST(ThreadPool, BindsItsWorkersToCpus) {
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE && cpus.size() < 2; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  if (cpus.size() < 2) GTEST_SKIP() << "one CPU";
  ThreadPool pool(2, cpus);
  const auto caller = std::this_thread::get_id();
  std::latch both(2);
  run(pool, 2, [&](std::int64_t) {
    both.arrive_and_wait();
    cpu_set_t own;
    EXPECT_EQ(::sched_getaffinity(0, sizeof own, &own), 0);
    if (std::this_thread::get_id() == caller) {
      EXPECT_TRUE(CPU_EQUAL(&own, &allowed));
    } else {
      EXPECT_EQ(CPU_COUNT(&own), 1);
      EXPECT_TRUE(CPU_ISSET(cpus[1], &own));
    }
  });
}

TEST(ThreadPool, WithManyThreadsMayBeMadeAndDestroyedAtAnyTime) {
  for (int round = 0; round < 200; ++round) {
    ThreadPool pool(1 + round % 5);
    std::atomic<int> blocks{0};
    for (int i = 0; i < round % 3; ++i) run(pool, 5, [&](std::int64_t) { ++blocks; });
    EXPECT_EQ(blocks, 5 * (round % 3));
  }
}

#ifndef __SANITIZE_THREAD__  // which ends a child that makes threads
// Whether `work` returns true in a child of this process; false also where it does not end in time.
template <typename Work>
bool in_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    ::_exit(work() ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ThreadPool, AChildMakesThreadsOfItsOwn) {
  auto pool = std::make_unique<ThreadPool>(3);
  const auto works = [&] { return threads_that_meet(*pool, 3).size() == 3; };
  EXPECT_TRUE(works());
  EXPECT_TRUE(in_child([&] {
    const bool in_grandchild_too = works() && in_child(works) && works();
    pool.reset();
    return in_grandchild_too;
  }));
  EXPECT_TRUE(in_child([&] {  // destroyed before it has worked
    pool.reset();
    return true;
  }));
  EXPECT_TRUE(works());
}

TEST(ThreadPool, AChildMayBeMadeWhileThePoolWorks) {
  ThreadPool pool(3);
  std::latch all(3), finish(1);
  std::jthread owner([&] {
    run(pool, 3, [&](std::int64_t) {
      all.count_down();
      finish.wait();
    });
  });
  all.wait();
  EXPECT_TRUE(in_child([&] { return threads_that_meet(pool, 3).size() == 3; }));
  finish.count_down();
}

TEST(ThreadPool, AChildMayUseAndChooseTheSharedPool) {
  set_num_threads(3);
  const auto sum = [] {
    std::atomic<std::int64_t> total{0};
    parallel_for(100, [&](std::int64_t block) { total += block; });
    return total.load();
  };
  EXPECT_EQ(sum(), 4950);
  EXPECT_TRUE(in_child([&] {
    const bool same = sum() == 4950 && num_threads() == 3;
    set_num_threads(2);
    return same && sum() == 4950 && num_threads() == 2;
  }));
  set_num_threads(0);
}
#endif

}  // namespace
}  // namespace bertune
