// Dropout's statistics: the rate, the mean, and that places draw independently of one another.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "kernels/cases.h"
#include "kernels/ops.h"

namespace bertune::kernels {
namespace {

std::vector<float> draw(const Dropout& dropout, std::int64_t rows, std::int64_t n,
                        std::int64_t first_sequence = 0) {
  const std::vector<float> ones(static_cast<std::size_t>(rows * n), 1.0F);
  std::vector<float> dropped(ones.size());
  const testing::PackedLayout layout(std::vector<int>(static_cast<std::size_t>(rows), 1),
                                     static_cast<std::int32_t>(first_sequence));
  ops().dropout_rows({layout.view(), n, dropout, ones.data(), dropped.data()});
  return dropped;
}

TEST(Dropout, RateAndMean) {
  for (const float p : {0.1F, 0.5F}) {
    const std::vector<float> dropped = draw(testing::dropout_of(p, DropoutSite::pooled), 256, 1024);
    const auto n = static_cast<double>(dropped.size());
    double zeros = 0, sum = 0;
    for (const float value : dropped) {
      zeros += value == 0.0F;
      sum += value;
    }
    const double deviation =
        std::sqrt(p * (1 - p) / n);  // of the rate; five of them are never exceeded by chance
    EXPECT_NEAR(zeros / n, p, 5 * deviation + 1.0 / 65536);
    EXPECT_NEAR(sum / n, 1.0, 5 * deviation / (1 - p));
  }
}

TEST(Dropout, OfEverythingLeavesZeros) {
  for (const float value : draw(testing::dropout_of(1.0F, DropoutSite::pooled), 4, 200))
    EXPECT_EQ(value, 0.0F);
}

TEST(Dropout, NeighboursAreUncorrelated) {
  const std::int64_t n = 1 << 18;
  const std::vector<float> dropped = draw(testing::dropout_of(0.5F, DropoutSite::pooled), 1, n);
  for (const std::int64_t lag : {1, 2, 16, 128, 1024}) {
    double agree = 0;
    for (std::int64_t i = 0; i + lag < n; ++i) {
      agree += dropped[static_cast<std::size_t>(i)] == dropped[static_cast<std::size_t>(i + lag)];
    }
    EXPECT_NEAR(agree / static_cast<double>(n - lag), 0.5, 5 * 0.5 / std::sqrt(static_cast<double>(n)))
        << "lag " << lag;
  }
}

TEST(Dropout, EveryPlaceAndStepDrawsItsOwn) {
  std::set<std::vector<float>> seen;
  for (const DropoutSite site :
       {DropoutSite::embeddings, DropoutSite::attention_output, DropoutSite::pooled}) {
    for (const std::uint32_t layer : {0U, 1U, 11U}) {
      for (const std::uint64_t step : {0ULL, 1ULL}) {
        for (const std::uint64_t seed : {42ULL, 42ULL + (1ULL << 32)}) {
          for (const std::int64_t sequence : {0, 1})
            seen.insert(draw({0.5F, seed, step, site, layer}, 1, 128, sequence));
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), 3U * 3 * 2 * 2 * 2);
}

}  // namespace
}  // namespace bertune::kernels
