// The model of more machines gives the figures that were computed by hand, and a delayed link is the model's.
#include "distributed/scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "bertune/error.h"
#include "distributed/thread_ranks.h"
#include "distributed/tree_sum.h"
#include "support/message_of.h"

namespace bertune::distributed {
namespace {

// Percent of the time in which 8 machines compute, by link: 2 * 7/8 of the bytes over the bandwidth, beside
// the step.
struct Figures {
  const char* run;
  Workload work;
  std::array<double, 4> percent;
};

TEST(Scaling, HasTheFiguresComputedByHand) {
  const std::array<Figures, 3> all = {
      {{"MiniLM, SST-2, 2 cores",
        {.step_seconds = 0.11, .dense_bytes = 43.9e6, .word_bytes = 1536, .vocabulary = 30522, .tokens = 426},
        {14, 61, 79, 94}},
       {"BERT-base, AG News, 2 cores",
        {.step_seconds = 3.8, .dense_bytes = 344e6, .word_bytes = 3072, .vocabulary = 30522, .tokens = 1700},
        {42, 87, 94, 98}},
       {"BERT-base, AG News, 32 cores",
        {.step_seconds = 0.27, .dense_bytes = 344e6, .word_bytes = 3072, .vocabulary = 30522, .tokens = 1700},
        {5, 33, 54, 83}}}};
  for (const Figures& figures : all) {
    for (std::size_t i = 0; i < figures.percent.size(); ++i) {
      const Scaling scaling = scaling_of(figures.work, 8, usual_links()[i]);
      EXPECT_NEAR(100 * scaling.efficiency, figures.percent[i], 1.7) << figures.run << ", link " << i;
      EXPECT_DOUBLE_EQ(scaling.speedup(), 8 * scaling.efficiency);
    }
  }
}

// All numbers are sent, and a step takes 1.12 times as long for the machine with the most tokens.
TEST(Scaling, HasTheFiguresOfDenseGradients) {
  const std::array<double, 4> percent = {7, 41, 61, 80};
  for (std::size_t i = 0; i < percent.size(); ++i) {
    const double exchange = exchange_seconds(90.8e6, 8, usual_links()[i]);
    EXPECT_NEAR(100 * 0.104 / (1.12 * 0.104 + exchange), percent[i], 1) << i;
  }
  EXPECT_EQ(exchange_seconds(90.8e6, 1, usual_links()[0]), 0);
}

// As counted in batches of 32 rows for each of 1, 8 and 64 ranks.
TEST(Scaling, ExpectsTheWordsOfRealTexts) {
  EXPECT_NEAR(expected_words(426, 30522), 240, 30);
  EXPECT_NEAR(expected_words(8 * 426, 30522), 1279, 130);
  EXPECT_NEAR(expected_words(1700, 30522), 780, 80);
  EXPECT_NEAR(expected_words(8 * 1700, 30522), 3613, 360);
  EXPECT_NEAR(expected_words(64 * 1700, 30522), 10836, 2800);
  EXPECT_EQ(expected_words(0, 30522), 0);
}

// 50 MB are half a second of the link for two machines, and all that is sent is 100 MB.
TEST(Scaling, CountsWhatIsSentEarlyOnlyAsFarAsItIsWaitedFor) {
  const Link link{"100 MB/s", 0, 100e6};
  Workload work{.step_seconds = 2, .dense_bytes = 100e6};
  const auto waiting = [&] { return scaling_of(work, 2, link).waiting; };
  EXPECT_NEAR(waiting(), 1, 0.001);
  work.early = {{.bytes = 50e6, .ready = 0.5}};
  EXPECT_NEAR(waiting(), 0.5, 0.001);
  work.early = {{.bytes = 50e6, .ready = 0.9}};  // 0.3 s of it after the step
  EXPECT_NEAR(waiting(), 0.8, 0.001);
  work.early = {{.bytes = 50e6, .ready = 0.5}, {.bytes = 50e6, .ready = 0.6}};
  EXPECT_NEAR(waiting(), 0, 0.001);
  EXPECT_NEAR(scaling_of(work, 2, link).efficiency, 1, 0.001);
  work.update_seconds = 1;  // the gradient is complete after the other second
  EXPECT_NEAR(waiting(), 0.5, 0.001);
}

TEST(Scaling, SaysHowManyMachinesAreOfUse) {
  const Workload small{.step_seconds = 0.01, .dense_bytes = 44e6};
  const Workload large{.step_seconds = 4, .dense_bytes = 44e6};
  EXPECT_EQ(useful_machines(small, usual_links()[0], 1024), 1);
  EXPECT_EQ(useful_machines(large, usual_links()[3], 1024), 1024);
  EXPECT_EQ(useful_machines(large, usual_links()[3], 100), 64);
  const Workload base{
      .step_seconds = 0.27, .dense_bytes = 344e6, .word_bytes = 3072, .vocabulary = 30522, .tokens = 1700};
  EXPECT_EQ(useful_machines(base, usual_links()[1], 1024), 1);
  EXPECT_EQ(useful_machines(base, usual_links()[2], 1024), 2);
}

TEST(Links, AreNamedOrGiven) {
  EXPECT_EQ(link_from_string("25GbE").bandwidth, 2.9e9);
  const Link own = link_from_string("30,8");
  EXPECT_DOUBLE_EQ(own.latency, 30e-6);
  EXPECT_DOUBLE_EQ(own.bandwidth, 1e9);
  for (const char* wrong : {"", "fast", "30", "30,", "30,0", "-1,10", "30,10,2", "30,inf"}) {
    EXPECT_THAT(bertune::testing::message_of<UsageError>([&] { link_from_string(wrong); }),
                ::testing::HasSubstr("10GbE"))
        << wrong;
  }
}

// Also where nothing is sent, a message takes the link's latency.
TEST(DelayedLink, TakesTheTimeOfTheModel) {
  const Link link{"slow", 0.002, 40e6};
  constexpr std::size_t kNumbers = 400'000;
  std::vector<double> seconds(2);
  std::vector<std::vector<float>> values(2, std::vector<float>(kNumbers, 1.0F));
  run_as_threads(
      2,
      [&](Ranks& ranks) {
        const auto rank = static_cast<std::size_t>(ranks.rank());
        Numbers numbers;
        for (const std::size_t begin : {std::size_t{0}, kNumbers / 2}) {
          numbers.add(std::span(values[rank]).subspan(begin, kNumbers / 2));
          numbers.end_piece();
        }
        TreeSum own;
        const auto begin = std::chrono::steady_clock::now();
        reduce_scatter(ranks, 2, own, numbers);
        ranks.barrier("the sums");  // a wait to rank 0, and one back, as that of losses and norms
        all_gather(ranks, numbers, "the sum");
        seconds[rank] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      },
      {}, -1, link);
  for (const std::vector<float>& sums : values) EXPECT_EQ(sums, std::vector<float>(kNumbers, 2.0F));
  const double expected = exchange_seconds(kNumbers * sizeof(float), 2, link);
  EXPECT_NEAR(expected, 0.046, 0.001);
  for (const double took : seconds) EXPECT_GE(took, 0.99 * expected);
}

}  // namespace
}  // namespace bertune::distributed
