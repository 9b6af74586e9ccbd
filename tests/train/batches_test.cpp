#include "train/batches.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "bertune/error.h"

namespace bertune::train::testing {
namespace {

using ::testing::IsEmpty;

TEST(EpochOrder, IsAPermutationThatDependsOnSeedAndEpoch) {
  const auto order = epoch_order(1000, 42, 3);
  std::vector<std::int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::int64_t i = 0; i < 1000; ++i) ASSERT_EQ(sorted[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(order, epoch_order(1000, 42, 3));
  EXPECT_NE(order, epoch_order(1000, 42, 4));
  EXPECT_NE(order, epoch_order(1000, 43, 3));
  EXPECT_THAT(epoch_order(0, 1, 1), IsEmpty());
}

TEST(CutBatches, LeavesTheLastOneShort) {
  const auto order = epoch_order(10, 1, 0);
  const auto batches = cut_batches(order, 4);
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_EQ(batches[2].size(), 2U);
  std::vector<std::int64_t> joined;
  for (const auto& batch : batches) joined.insert(joined.end(), batch.begin(), batch.end());
  EXPECT_EQ(joined, order);
  EXPECT_THAT(cut_batches({}, 4), IsEmpty());
  EXPECT_THROW(cut_batches(order, 0), UsageError);
}

}  // namespace
}  // namespace bertune::train::testing
