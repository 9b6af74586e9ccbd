// Work beside a computation is done in its order, when it is possible, and fails where it is waited for.
#include "train/background_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

namespace bertune::train {
namespace {

using ::testing::ElementsAre;

// Reaching a depth makes possible what lies there and deeper; the rest waits for the end.
TEST(BackgroundWork, DoesWhatIsPossibleBesideTheCaller) {
  std::vector<std::size_t> done;
  std::vector<std::thread::id> by;
  std::latch two_done(2);
  BackgroundWork work({4, 2, 3, 0}, [&](std::size_t piece) {
    done.push_back(piece);
    by.push_back(std::this_thread::get_id());
    if (piece < 2) two_done.count_down();
  });
  work.reached(5);
  work.reached(4);
  work.reached(2);
  two_done.wait();
  work.finish();
  EXPECT_THAT(done, ElementsAre(0, 1, 2, 3));
  EXPECT_NE(by[0], std::this_thread::get_id());
  EXPECT_EQ(by[1], by[0]);
  EXPECT_EQ(by[3], std::this_thread::get_id());
}

TEST(BackgroundWork, IsDoneInTheEndWhereNothingWasReached) {
  std::vector<std::size_t> done;
  std::vector<std::thread::id> by;
  BackgroundWork work({1, 0}, [&](std::size_t piece) {
    done.push_back(piece);
    by.push_back(std::this_thread::get_id());
  });
  work.reached(0);  // nothing is left to compute meanwhile
  work.finish();
  EXPECT_THAT(by, ::testing::Each(std::this_thread::get_id()));
  EXPECT_THAT(done, ElementsAre(0, 1));
  BackgroundWork none({}, [](std::size_t) { FAIL(); });
  none.reached(0);
  none.finish();
}

TEST(BackgroundWork, FailsWhereItIsWaitedFor) {
  std::atomic<int> begun = 0;
  BackgroundWork work({2, 1, 0}, [&](std::size_t piece) {
    ++begun;
    if (piece == 1) throw std::runtime_error("lost");
  });
  work.reached(1);
  while (begun < 2) std::this_thread::yield();
  EXPECT_THROW(work.finish(), std::runtime_error);
  EXPECT_EQ(begun, 2);
}

TEST(BackgroundWork, FailsWhereMoreIsReached) {
  BackgroundWork work({2, 0}, [&](std::size_t) { throw std::runtime_error("lost"); });
  const auto go_on = [&] {
    for (;;) {
      work.reached(1);
      std::this_thread::yield();
    }
  };
  EXPECT_THROW(go_on(), std::runtime_error);
  EXPECT_NO_THROW(work.abandon());
}

// As where the computation throws.
TEST(BackgroundWork, LeavesOutTheRestWhereNobodyFinishes) {
  std::atomic<int> begun = 0;
  {
    BackgroundWork work({2, 0}, [&](std::size_t) { ++begun; });
    work.reached(1);
    while (begun < 1) std::this_thread::yield();
  }
  EXPECT_EQ(begun, 1);
}

}  // namespace
}  // namespace bertune::train
