#include "train/collapse_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "support/tiny_checkpoint.h"

namespace bertune::train {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::int64_t> kRows = {0, 1, 2, 3, 4, 5, 6, 7};

TEST(CollapseGuard, LooksWhereTheLossIsThatOfGuessing) {
  CollapseGuard guard(100, std::log(2));
  std::vector<std::int64_t> looks;
  for (std::int64_t step = 1; step <= 100; ++step)
    if (guard.add(step, 0.7, kRows)) looks.push_back(step);
  EXPECT_THAT(looks, ::testing::ElementsAre(15, 20, 30, 40, 60, 80));
  EXPECT_THAT(guard.verdict(0.0001), HasSubstr("the same scores"));
  EXPECT_THAT(guard.verdict(0.2), IsEmpty()) << "answers differ: it learns slowly";
  EXPECT_THAT(guard.divergence(), IsEmpty());
}

TEST(CollapseGuard, LeavesALearningRunAlone) {
  CollapseGuard guard(100, std::log(2));
  for (std::int64_t step = 1; step <= 100; ++step) {
    EXPECT_FALSE(guard.add(step, 0.7 / std::sqrt(static_cast<double>(step)), kRows)) << step;
    EXPECT_THAT(guard.divergence(), IsEmpty());
  }
  EXPECT_THAT(guard.spikes(), IsEmpty());
}

TEST(CollapseGuard, WithoutKnowledgeOfTheLabelsTheFirstLossesStandForGuessing) {
  CollapseGuard guard(100, std::nullopt);
  bool looked = false;
  for (std::int64_t step = 1; step <= 20; ++step) looked = guard.add(step, 3, kRows) || looked;
  EXPECT_TRUE(looked);
}

TEST(CollapseGuard, SeesALossThatRunsAway) {
  CollapseGuard guard(200, 0.7);
  std::string why;
  for (std::int64_t step = 1; step <= 200 && why.empty(); ++step) {
    guard.add(step, step < 50 ? 0.5 : 20, kRows);
    why = guard.divergence();
  }
  EXPECT_THAT(why, HasSubstr("run away"));
}

TEST(CollapseGuard, KeepsTheRowsOfAJump) {
  CollapseGuard guard(200, 0.7);
  for (std::int64_t step = 1; step <= 60; ++step) guard.add(step, step == 40 ? 2 : 0.1, kRows);
  ASSERT_EQ(guard.spikes().size(), 1U);
  EXPECT_EQ(guard.spikes()[0].step, 40);
  EXPECT_THAT(guard.spikes()[0].rows, ::testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(guard.divergence(), IsEmpty()) << "one step is no divergence";
}

// A resumed run that has learned does not take its small losses for those of guessing.
TEST(CollapseGuard, AfterAResumeNothingStandsForGuessing) {
  CollapseGuard guard(200, std::nullopt);
  for (std::int64_t step = 160; step <= 200; ++step) {
    EXPECT_FALSE(guard.add(step, step < 180 ? 0.02 : 0.5, kRows));
    EXPECT_THAT(guard.divergence(), IsEmpty()) << step;
  }
}

// The loss of a model that says of each row how rare the label is jumps with each batch that has one.
TEST(CollapseGuard, LeavesRareLabelsAlone) {
  const double share = 0.01, rare = -std::log(share), common = -std::log(1 - share);
  CollapseGuard guard(100, HUGE_VAL);  // as guessing_loss() says of them
  for (std::int64_t step = 1; step <= 100; ++step) {
    const bool has_one = step % 6 == 0;
    EXPECT_FALSE(guard.add(step, has_one ? (rare + 15 * common) / 16 : common, kRows));
    EXPECT_THAT(guard.divergence(), IsEmpty()) << step;
  }
}

TEST(CollapseGuard, LooksAtRowsThatAreFarApartWhateverTheirOrder) {
  for (const std::int64_t rows : {1, 2, 16, 17, 100, 4000, 5999, 6000}) {
    const std::vector<std::int64_t> chosen = spread_rows(rows, 16);
    EXPECT_EQ(std::ssize(chosen), std::min<std::int64_t>(rows, 16));
    EXPECT_EQ(std::set<std::int64_t>(chosen.begin(), chosen.end()).size(), chosen.size());
    const auto odd = std::ranges::count_if(chosen, [](std::int64_t row) { return row % 2 == 1; });
    if (rows < 16) continue;
    EXPECT_GE(odd, 4) << rows;  // of a file whose labels alternate, both are seen
    EXPECT_LE(odd, 12) << rows;
  }
  EXPECT_THAT(spread_rows(0, 16), IsEmpty());
}

TEST(CollapseGuard, SaysNothingOfShortRuns) {
  CollapseGuard guard(20, 0.7);
  for (std::int64_t step = 1; step <= 20; ++step) EXPECT_FALSE(guard.add(step, 50, kRows));
  EXPECT_THAT(guard.divergence(), IsEmpty());
}

TEST(AnswerSpread, IsTheDistanceFromTheMeanAnswer) {
  const BertPreTrainedModel model =
      BertForSequenceClassification::from_config(bertune::testing::tiny_config());
  Batch batch;
  batch.labels = {0, 1};
  const std::vector<float> same = {1, 2, 1, 2}, apart = {10, -10, -10, 10};
  ModelOutput output;
  output.logits = same;
  EXPECT_NEAR(*answer_spread(model, batch, output), 0, 1e-9);
  output.logits = apart;
  EXPECT_NEAR(*answer_spread(model, batch, output), 0.5, 1e-6);
}

}  // namespace
}  // namespace bertune::train
