// What is promised is kept: a queue under load, in a time that the test counts itself.
#include "serve/queue.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace bertune {
namespace {

using serve::Call;
using serve::Clock;
using serve::Queue;
using serve::Taken;
using Calls = std::vector<std::shared_ptr<Call>>;
using namespace std::chrono_literals;

constexpr double kSpeed = 1000;       // tokens a second, as estimated
constexpr std::int64_t kTokens = 10;  // of a row, which so takes 10 ms

class Asker : public serve::Exchange {
 public:
  void send(serve::HttpResponse) override {}
  bool is_gone() const override { return gone; }
  bool gone = false;
};

// An hour at a server, whose `slowness` is what a batch takes of what it was estimated to.
class Hour {
 public:
  explicit Hour(double slowness = 1) : slowness_(slowness) {}

  std::shared_ptr<Call> call(std::size_t rows, Queue::Seconds deadline) const {
    const auto made = std::make_shared<Call>();
    made->exchange = std::make_shared<Asker>();
    made->deadline = now + std::chrono::duration_cast<Clock::duration>(deadline);
    made->rows.resize(rows);
    for (serve::Row& row : made->rows) row.size.tokens = kTokens;
    made->open = rows;
    made->queued_tokens = static_cast<std::int64_t>(rows) * kTokens;
    return made;
  }
  bool offer(const std::shared_ptr<Call>& call) { return queue.offer(call, now); }

  // Computes a batch, and returns the calls that are done with it.
  Calls compute(Queue::Seconds most = 50ms) {
    Calls done;
    const std::vector<Taken> batch = queue.take(now, most);
    double seconds = 0;
    for (const Taken& taken : batch) {
      seconds += slowness_ * static_cast<double>(taken.call->rows[taken.row].size.tokens) / kSpeed;
      if (--taken.call->open == 0) done.push_back(taken.call);
    }
    busy += seconds;
    now += std::chrono::duration_cast<Clock::duration>(Queue::Seconds(seconds));
    return done;
  }

  Queue queue{1'000'000, [](const Call&) { return kSpeed; }};
  Clock::time_point now{};
  double busy = 0;

 private:
  double slowness_;
};

struct Load {
  const char* name;
  double slowness;
  std::vector<std::size_t> rows;  // of the calls, which come round and round
  std::vector<double> deadlines;  // seconds
};

class Overload : public ::testing::TestWithParam<Load> {};

INSTANTIATE_TEST_SUITE_P(Loads, Overload,
                         ::testing::Values(Load{"ofTexts", 1, {1}, {2}}, Load{"ofLargeCalls", 1, {16}, {2}},
                                           Load{"ofAllKinds", 1, {1, 16, 1, 1, 64, 3, 1, 30}, {2}},
                                           Load{"withSeveralDeadlines", 1, {1, 16, 4}, {2, 3, 1, 8}},
                                           Load{"slowerThanEstimated", 1.4, {1, 16, 5}, {2}},
                                           Load{"fasterThanEstimated", 0.8, {1, 16, 5}, {2}}),
                         [](const auto& tested) { return tested.param.name; });

// Ten times as much is asked for as can be computed.
TEST_P(Overload, WhatIsTakenIsDoneInTime) {
  const Load& load = GetParam();
  Hour hour(load.slowness);
  std::size_t asked = 0, done = 0, singles = 0;
  double next = 0, late = -std::numeric_limits<double>::infinity();
  const auto seconds = [&] { return Queue::Seconds(hour.now.time_since_epoch()).count(); };
  while (seconds() < 60) {
    for (; next <= seconds(); ++asked) {
      const std::size_t rows = load.rows[asked % load.rows.size()];
      const Queue::Seconds deadline(load.deadlines[asked % load.deadlines.size()]);
      if (hour.offer(hour.call(rows, deadline)) && rows == 1) ++singles;
      next += static_cast<double>(rows) * kTokens / kSpeed / 10;
    }
    EXPECT_TRUE(hour.queue.drop(hour.now).empty());
    for (const auto& call : hour.compute()) {
      ++done;
      late = std::max(late, Queue::Seconds(hour.now - call->deadline).count());
    }
  }
  EXPECT_LE(late, 0) << "seconds behind the deadline";
  EXPECT_GT(hour.busy, 59) << "seconds of 60";
  EXPECT_GT(done, 0U);
  EXPECT_LT(hour.queue.work(), 6s);  // of what waits in the end
  if (load.rows.size() > 1) {
    EXPECT_GT(singles, 0U);
  }
}

TEST(Queue, LittleWorkOvertakesMuchWhileThereIsTime) {
  Hour hour;
  const auto large = hour.call(100, 30s), single = hour.call(1, 30s);
  EXPECT_TRUE(hour.offer(large));
  EXPECT_TRUE(hour.compute().empty());
  EXPECT_TRUE(hour.offer(hour.call(90, 30s)));
  EXPECT_TRUE(hour.offer(single));
  EXPECT_EQ(hour.compute(), Calls{single});
  EXPECT_EQ(large->next, 5U);
  EXPECT_EQ(hour.queue.tokens(), (100 - 5 + 90 - 4) * kTokens);
}

TEST(Queue, NobodyIsOvertakenForLong) {
  Hour hour;
  const auto large = hour.call(20, 1000s);
  EXPECT_TRUE(hour.offer(large));
  while (large->open > 0 && hour.now < Clock::time_point(3s)) {
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(hour.offer(hour.call(1, 1000s)));  // as much as is computed
    hour.compute();
  }
  EXPECT_EQ(large->open, 0U);
  EXPECT_LT(hour.now, Clock::time_point(2s));
}

TEST(Queue, GoesByDeadlinesWhenThereIsNone) {
  Hour hour;
  const auto large = hour.call(99, 2s);  // 0.99 of the 1 s that may be promised
  EXPECT_TRUE(hour.offer(large));
  hour.now += 900ms;  // which something else took
  const auto single = hour.call(1, 2s);
  EXPECT_TRUE(hour.offer(single));
  Calls done;
  while (done.empty()) done = hour.compute();
  EXPECT_EQ(done.front(), large);
  EXPECT_LE(hour.now, large->deadline);
}

TEST(Queue, APromiseIsNotBrokenForANewerCallThatIsInAHurry) {
  Hour hour;
  EXPECT_TRUE(hour.offer(hour.call(90, 2s)));
  EXPECT_FALSE(hour.offer(hour.call(20, 1s)));
  EXPECT_TRUE(hour.offer(hour.call(5, 1s)));
}

TEST(Queue, CountsWhatIsBeingComputed) {
  Hour hour;
  EXPECT_TRUE(hour.offer(hour.call(50, 10s)));
  hour.queue.take(hour.now, 2s);
  EXPECT_TRUE(hour.queue.empty());
  EXPECT_TRUE(hour.offer(hour.call(1, 4s)));
  EXPECT_FALSE(hour.offer(hour.call(20, 1300ms)));  // 0.5 s of the first, and its own 0.2 s
  EXPECT_TRUE(hour.offer(hour.call(20, 1500ms)));
}

TEST(Queue, ARowOfAnEmptyQueueIsTriedWhateverItIsEstimatedToTake) {
  Hour hour;
  const auto hopeless = hour.call(1, 1ms);
  EXPECT_TRUE(hour.queue.could_take(*hopeless, hour.now));
  EXPECT_FALSE(hour.queue.could_take(*hour.call(2, 1ms), hour.now));
  EXPECT_TRUE(hour.offer(hopeless));
}

TEST(Queue, WhoHasLeftAndWhoIsLateGo) {
  Hour hour;
  const auto gone = hour.call(3, 2s), late = hour.call(3, 1s), stays = hour.call(3, 3s);
  for (const auto& call : {gone, late, stays}) EXPECT_TRUE(hour.offer(call));
  static_cast<Asker&>(*gone->exchange).gone = true;
  hour.now += 1s;
  EXPECT_EQ(hour.queue.drop(hour.now), (Calls{late, gone}));
  EXPECT_EQ(late->refusal->status, 504);
  EXPECT_EQ(hour.queue.tokens(), 3 * kTokens);
  EXPECT_EQ(hour.compute(), Calls{stays});
}

}  // namespace
}  // namespace bertune
