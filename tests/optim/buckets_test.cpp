// Parameters in buckets: whole blocks, in the order of places, complete when their depth says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bertune/parameters.h"

namespace bertune {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t kHalf = Parameters::kBucketNumbers / 2;  // of the least of a bucket

std::vector<std::int64_t> depths_of(const std::vector<Parameters::Bucket>& buckets) {
  std::vector<std::int64_t> depths;
  for (const Parameters::Bucket& bucket : buckets) depths.push_back(bucket.depth);
  return depths;
}

TEST(Buckets, AreWholeLayersFromTheLastOn) {
  const Parameters parameters({{.name = "embeddings", .shape = {300}, .depth = 0},
                               {.name = "first", .shape = {kHalf + 5}, .depth = 1},
                               {.name = "second", .shape = {2 * kHalf}, .depth = 2},
                               {.name = "third", .shape = {kHalf + 5000}, .depth = 3},
                               {.name = "head", .shape = {kHalf}, .depth = 4}});
  const auto buckets = parameters.buckets();
  ASSERT_THAT(depths_of(buckets), ElementsAre(0, 2, 3));
  // The block in which the second layer begins has numbers of the first one, too.
  EXPECT_EQ(buckets[0].ranges.front().offset, 0U);
  EXPECT_EQ(buckets[0].size() % Parameters::kPartBlock, 0U);
  EXPECT_GE(buckets[0].size(), 300U + kHalf + 5);
  EXPECT_LT(buckets[0].size(), 300U + kHalf + 5 + Parameters::kPartBlock);
  EXPECT_EQ(buckets[2].ranges.back().offset + buckets[2].ranges.back().size, parameters.count());
}

// Adapters may lie behind the head: a block has the smallest depth of what is in it.
TEST(Buckets, KnowTheLowestDepthOfABlock) {
  const Parameters parameters({{.name = "layer", .shape = {10}, .depth = 1},
                               {.name = "frozen", .shape = {10}, .depth = 2, .trainable = false},
                               {.name = "head", .shape = {2 * kHalf}, .depth = 3},
                               {.name = "adapter", .shape = {10}, .depth = 2},
                               {.name = "last", .shape = {2 * kHalf}, .depth = 3}});
  EXPECT_THAT(depths_of(parameters.buckets()), ElementsAre(1, 3, 2));
}

TEST(Buckets, AreDividedAmongPartsWithoutGaps) {
  const Parameters parameters({{.name = "first", .shape = {2 * kHalf + 7}, .depth = 0},
                               {.name = "frozen", .shape = {100}, .depth = 1, .trainable = false},
                               {.name = "second", .shape = {3 * kHalf}, .depth = 1}});
  for (const std::int64_t count : {1, 2, 3, 7}) {
    std::vector<Parameters::Range> all;
    for (std::int64_t index = 0; index < count; ++index) {
      const auto own = parameters.ranges_of({index, count});
      all.insert(all.end(), own.begin(), own.end());
    }
    std::ranges::sort(all, {}, &Parameters::Range::offset);
    std::size_t numbers = 0, end = 0;
    for (const Parameters::Range& range : all) {
      EXPECT_GE(range.offset, end);
      end = range.offset + range.size;
      numbers += range.size;
    }
    EXPECT_EQ(numbers, parameters.trainable_count()) << count;
  }
  EXPECT_EQ(parameters.ranges_of({}).size(), parameters.trainable_ranges().size());
}

}  // namespace
}  // namespace bertune
