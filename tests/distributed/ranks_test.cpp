// What ranks give one another, and what they say when one of them fails.
#include "distributed/ranks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>

#include "distributed/join.h"
#include "distributed/thread_ranks.h"
#include "support/message_of.h"

namespace bertune::distributed {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Ranks, TakeTheTextOfTheFirst) {
  for (int size = 1; size <= 5; ++size) {
    std::atomic<int> made = 0, same = 0;
    run_as_threads(size, [&](Ranks& ranks) {
      const auto make = [&] {
        ++made;
        return std::string("of rank ") + std::to_string(ranks.rank());
      };
      if (from_first(make, "a text") == "of rank 0") ++same;
      EXPECT_EQ(from_first([] { return std::string(); }, "nothing"), "");
    });
    EXPECT_EQ(made, 1);
    EXPECT_EQ(same, size);
  }
}

TEST(Ranks, GatherInTheirOrder) {
  run_as_threads(3, [](Ranks& ranks) {
    const auto texts = ranks.gather(std::string(static_cast<std::size_t>(ranks.rank()), 'x'), "texts");
    ranks.barrier("the end");
    if (ranks.is_first()) {
      EXPECT_THAT(texts, ElementsAre("", "x", "xx"));
    } else {
      EXPECT_TRUE(texts.empty());
    }
  });
}

TEST(Ranks, AreThoseOfTheirThread) {
  EXPECT_EQ(current(), nullptr);
  EXPECT_TRUE(is_first());
  EXPECT_EQ(from_first([] { return std::string("alone"); }, "a text"), "alone");
  run_as_threads(2, [](Ranks& ranks) {
    EXPECT_EQ(current(), &ranks);
    EXPECT_EQ(is_first(), ranks.rank() == 0);
  });
  EXPECT_EQ(current(), nullptr);
}

TEST(Ranks, SayWhichRankIsNotHeardFromAndWhatWasAwaited) {
  const auto wait_for_ever = [](Ranks& ranks) {
    ranks.set_hosts({"one", "two", "three"});
    ranks.set_doing("step 7 of 9");
    std::vector<std::byte> bytes(1);
    if (ranks.rank() != 2) ranks.receive(2, bytes);
    if (ranks.rank() != 2) ranks.wait("the gradients");
  };
  const auto run = [&] { run_as_threads(3, wait_for_ever, {.seconds = 5, .grace = 0.1}, 2); };
  EXPECT_THAT(bertune::testing::message_of<RankLost>(run),
              AllOf(HasSubstr("rank 2 (three) has not been heard from"),
                    HasSubstr("waiting for the gradients of rank 2 (three), in step 7 of 9")));
}

// What arrives after a wait has failed finds no memory of it: that may have been freed.
TEST(Ranks, GiveUpWhatAFailedWaitWaitedFor) {
  std::latch failed(1), sent(1);
  const auto body = [&](Ranks& ranks) {
    std::vector<char> bytes = {'a'};
    if (ranks.is_first()) {
      failed.wait();
      ranks.send(1, bytes_of(std::string("b")));
      sent.count_down();
      return;
    }
    ranks.receive(0, writable_bytes_of(bytes));
    EXPECT_THROW(ranks.wait("a letter"), RankLost);
    failed.count_down();
    sent.wait();
    ranks.wait("nothing");
    EXPECT_EQ(bytes.front(), 'a');
  };
  run_as_threads(2, body, {.seconds = 5, .grace = 0.1}, 0);
}

TEST(Ranks, AreEndedByTheFailureOfOne) {
  std::mutex mutex;
  std::vector<std::string> seen;
  const auto body = [&](Ranks& ranks) {
    if (ranks.rank() == 1) throw Error("no room");
    try {
      ranks.barrier("the others");
    } catch (const RankLost& lost) {
      const std::lock_guard lock(mutex);
      seen.emplace_back(lost.what());
      throw;
    }
  };
  EXPECT_THROW(run_as_threads(3, body, {.grace = 0.05}), Error);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.front(), "rank 1: no room");
}

// A failure of all ranks is that of each: none is told of another's first.
TEST(Ranks, FailTogetherWithTheirOwnError) {
  const auto body = [](Ranks& ranks) {
    ranks.barrier("the others");
    throw UsageError("wrong for all");
  };
  EXPECT_THROW(run_as_threads(3, body), UsageError);
}

TEST(Ranks, NoteForWhomTheyWaitWhenAStopIsAskedFor) {
  std::stop_source stop;
  stop.request_stop();
  std::mutex mutex;
  std::string noted;
  const auto note = [&](const std::string& text) {
    const std::lock_guard lock(mutex);
    noted = text;
  };
  const auto body = [](Ranks& ranks) {
    if (ranks.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(500));
    ranks.gather("", "the metrics");
  };
  run_as_threads(2, body, {.stop = stop.get_token(), .note = note});
  EXPECT_THAT(noted, HasSubstr("waiting for the metrics of rank 1"));
}

TEST(Join, SaysThatTheLibraryIsMissing) {
  ::setenv("BERTUNE_MPI_LIBRARY", "/nowhere/libbertune_mpi.so", 1);
  const std::string message = bertune::testing::message_of<Error>([] { join(2, 1); });
  ::unsetenv("BERTUNE_MPI_LIBRARY");
  EXPECT_THAT(message, HasSubstr("libbertune_mpi.so, is not beside the program"));
}

}  // namespace
}  // namespace bertune::distributed
