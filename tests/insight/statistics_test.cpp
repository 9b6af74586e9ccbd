// Intervals and tests against known values: those of statsmodels 0.15 and scipy 1.17, or exact fractions.
#include "insight/results/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bertune/threads.h"
#include "core/random.h"
#include "insight/results/seed_statistics.h"

namespace bertune::insight {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(Statistics, Wilson) {
  EXPECT_NEAR(wilson(8, 10).low, 0.49016247153664183, 1e-12);
  EXPECT_NEAR(wilson(8, 10).high, 0.9433178485456247, 1e-12);
  EXPECT_EQ(wilson(0, 5).low, 0);
  EXPECT_EQ(wilson(5, 5).high, 1);
  EXPECT_EQ(wilson(0, 0).high, 1);
}

TEST(Statistics, LowerBoundOfClopperAndPearson) {
  EXPECT_NEAR(lower_bound(10, 10), std::pow(0.05, 0.1), 1e-12);  // all right: alpha^(1/n)
  EXPECT_NEAR(lower_bound(1, 10), 1 - std::pow(0.95, 0.1), 1e-12);
  EXPECT_EQ(lower_bound(0, 10), 0);
  // Where it says p, `right` or more have the probability alpha.
  const double p = lower_bound(90, 100);
  double tail = 0;
  for (int k = 90; k <= 100; ++k) {
    tail += std::exp(std::lgamma(101) - std::lgamma(k + 1) - std::lgamma(101 - k) + k * std::log(p) +
                     (100 - k) * std::log1p(-p));
  }
  EXPECT_NEAR(tail, 0.05, 1e-10);
}

TEST(Statistics, McNemar) {
  EXPECT_NEAR(mcnemar(15, 6).exact, 0.0783538818359375, 1e-12);
  EXPECT_NEAR(mcnemar(15, 6).mid_p, 0.052478790283203125, 1e-12);
  EXPECT_NEAR(mcnemar(14, 30).exact, 0.022628841205914796, 1e-12);
  EXPECT_NEAR(mcnemar(30, 14).mid_p, 0.016094360031274846, 1e-12);
  EXPECT_NEAR(mcnemar(7, 7).mid_p, 0.79052734375, 1e-12);
  EXPECT_EQ(mcnemar(7, 7).exact, 1);
  EXPECT_EQ(mcnemar(0, 0).mid_p, 1);
}

TEST(Statistics, Holm) {
  const std::vector<double> p = {0.04, 0.01, 0.03, 0.5};
  EXPECT_THAT(holm(p), ElementsAre(DoubleNear(0.09, 1e-12), DoubleNear(0.04, 1e-12), DoubleNear(0.09, 1e-12),
                                   DoubleNear(0.5, 1e-12)));
}

// Rows that are right with these probabilities, drawn from a stream of their own.
Contributions shares(std::uint64_t seed, std::size_t rows, double share) {
  Random random(seed, 1);
  Contributions made{.width = 1, .values = {}, .metric = [rows](std::span<const double> sums) {
                       return sums[0] / static_cast<double>(rows);
                     }};
  for (std::size_t i = 0; i < rows; ++i) made.values.push_back(random.uniform() < share ? 1 : 0);
  return made;
}

TEST(Statistics, BootstrapIsDeterministicAndLikeTheFormula) {
  const Contributions rows = shares(3, 400, 0.8);
  const Estimate estimate = bootstrap(rows, {.resamples = 4000});
  const double share = rows.value(), error = std::sqrt(share * (1 - share) / 400);
  EXPECT_EQ(estimate.value, share);
  EXPECT_NEAR(estimate.deviation, error, 0.05 * error);
  EXPECT_NEAR(estimate.interval.low, share - 1.96 * error, 0.2 * error);
  set_num_threads(2);
  EXPECT_EQ(bootstrap(rows, {.resamples = 4000}).interval.high, estimate.interval.high);
  set_num_threads(0);
  EXPECT_NE(bootstrap(rows, {.resamples = 4000, .seed = 7}).deviation, estimate.deviation);
}

// The interval of a difference holds the true one in about 95 of 100 sets, and a test of equals is wrong in
// about 5.
TEST(Statistics, PairedIntervalsCoverAndTestsHoldTheirLevel) {
  int covered = 0, significant = 0;
  constexpr int kSets = 200;
  for (int set = 0; set < kSets; ++set) {
    const auto seed = static_cast<std::uint64_t>(set);
    const Contributions first = shares(1000 + seed, 150, 0.7), second = shares(5000 + seed, 150, 0.7);
    const Estimate difference = paired_bootstrap(first, second, {.resamples = 400, .seed = seed});
    covered += difference.interval.low <= 0 && 0 <= difference.interval.high ? 1 : 0;
    significant += paired_permutation(first, second, {.resamples = 400, .seed = seed}) <= 0.05 ? 1 : 0;
  }
  EXPECT_GE(covered, 180);
  EXPECT_LE(covered, 198);
  EXPECT_LE(significant, 18);
  EXPECT_GE(significant, 2);
}

// F1 of a row's class and prediction, as three sums a class of which it is in three.
TEST(Statistics, FewEntriesOfManySums) {
  const auto sum_of = [](std::span<const double> sums) { return sums[0] + 10 * sums[4]; };
  const Contributions few{
      .width = 5, .values = {1, 2, 3, 4}, .columns = {0, 4, 4, 0}, .entries = 2, .metric = sum_of};
  EXPECT_EQ(few.rows(), 2U);
  EXPECT_THAT(few.sums(), ElementsAre(5, 0, 0, 0, 5));
  const std::vector<std::size_t> second = {1};
  EXPECT_EQ(few.of(second).value(), 4 + 30);
}

TEST(Statistics, StudentsT) {  // as scipy.stats.t has them
  EXPECT_NEAR(student_tails(2, 5), 0.10193947882985846, 1e-9);
  EXPECT_NEAR(student_quantile(0.975, 8), 2.3060041350, 1e-9);
  EXPECT_NEAR(student_quantile(0.975, 1e9), 1.9599639845, 1e-6);
}

// Seeds of two equal settings: rows of different difficulty, which all seeds share, and a luck of each seed.
std::vector<Contributions> seeds_of_setting(Random& random, const std::vector<double>& rows, double luck,
                                            double better = 0) {
  std::vector<Contributions> seeds;
  for (int seed = 0; seed < 5; ++seed) {
    const double own = luck * (random.uniform() + random.uniform() - 1) + better;
    Contributions& made = seeds.emplace_back();
    made.metric = [count = rows.size()](std::span<const double> sums) {
      return sums[0] / static_cast<double>(count);
    };
    for (const double easy : rows) made.values.push_back(random.uniform() < easy + own ? 1 : 0);
  }
  return seeds;
}

TEST(Statistics, GroupsOfSeedsAreSeldomToldApartByChance) {
  Random random(5, 1);
  int wrong = 0, found = 0;
  constexpr int kSets = 200;
  for (int set = 0; set < kSets; ++set) {
    std::vector<double> rows;
    for (int row = 0; row < 120; ++row) rows.push_back(0.3 + 0.7 * random.uniform());
    const auto first = seeds_of_setting(random, rows, 0.1), second = seeds_of_setting(random, rows, 0.1),
               better = seeds_of_setting(random, rows, 0.1, 0.15);
    const GroupDifference none = difference_of_groups(first, second);
    wrong += none.p_value <= 0.05 ? 1 : 0;
    EXPECT_EQ(none.p_value <= 0.05, none.difference.interval.low > 0 || none.difference.interval.high < 0);
    found += difference_of_groups(first, better).p_value <= 0.05 ? 1 : 0;
  }
  EXPECT_LE(wrong, 18);   // 5 % are 10
  EXPECT_GE(found, 170);  // a difference that five seeds show
}

TEST(Statistics, ManyRowsGetFewerResamples) {
  EXPECT_EQ(resamples_for(100, {}), 10'000);
  EXPECT_EQ(resamples_for(100'000, {}), 2000);
  EXPECT_EQ(resamples_for(100'000'000, {}), 1000);
}

}  // namespace
}  // namespace bertune::insight
