// The sum over shards has the same bits for any number of ranks, and sends what the formula says.
#include "distributed/tree_sum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <mutex>

#include "core/random.h"
#include "distributed/thread_ranks.h"

namespace bertune::distributed {
namespace {

// Numbers of very different sizes, so that another order of additions has other bits.
std::vector<float> values_of_shard(std::int64_t shard, std::size_t size) {
  Random random(static_cast<std::uint64_t>(shard), 0x5A4D);
  std::vector<float> values(size);
  for (float& value : values) {
    const auto scale = static_cast<double>(random.below(12));
    value = static_cast<float>(random.normal() * std::pow(10.0, scale - 6));
  }
  return values;
}

std::vector<float> expected_sum(std::int64_t first, std::int64_t count, std::size_t size) {
  if (count == 1) return values_of_shard(first, size);
  std::vector<float> left = expected_sum(first, count / 2, size);
  const std::vector<float> right = expected_sum(first + count / 2, count / 2, size);
  for (std::size_t i = 0; i < size; ++i) left[i] += right[i];
  return left;
}

bool same_bits(const std::vector<float>& one, const std::vector<float>& other) {
  return one.size() == other.size() && std::memcmp(one.data(), other.data(), one.size() * sizeof(float)) == 0;
}

struct Summed {
  std::vector<std::vector<float>> of_rank;
  std::vector<std::uint64_t> bytes;
};

Summed sum(int size, std::int64_t shards, std::size_t numbers) {
  const auto ranks_in_all = static_cast<std::size_t>(size);
  Summed summed{std::vector<std::vector<float>>(ranks_in_all), std::vector<std::uint64_t>(ranks_in_all)};
  run_as_threads(size, [&](Ranks& ranks) {
    TreeSum own;
    const ShardRange mine = shards_of(ranks.rank(), size, shards);
    for (std::int64_t shard = mine.first; shard < mine.end; ++shard)
      own.add({shard, 1}, values_of_shard(shard, numbers));
    std::vector<float> result(numbers);
    sum_over_ranks(ranks, shards, own.parts(), result);
    const auto index = static_cast<std::size_t>(ranks.rank());
    summed.of_rank[index] = std::move(result), summed.bytes[index] = ranks.bytes_sent();
  });
  return summed;
}

TEST(TreeSum, HasTheSameBitsForAnyNumberOfRanks) {
  constexpr std::size_t kNumbers = 1003;
  for (const std::int64_t shards : {4, 8, 16}) {
    const std::vector<float> expected = expected_sum(0, shards, kNumbers);
    for (int size = 1; size <= 4; ++size) {
      SCOPED_TRACE(std::to_string(shards) + " shards, " + std::to_string(size) + " ranks");
      for (const std::vector<float>& actual : sum(size, shards, kNumbers).of_rank)
        EXPECT_TRUE(same_bits(actual, expected));
    }
  }
}

TEST(TreeSum, OfAnotherOrderHasOtherBits) {
  constexpr std::size_t kNumbers = 1003;
  std::vector<float> in_order = values_of_shard(0, kNumbers);
  for (std::int64_t shard = 1; shard < 8; ++shard) {
    const std::vector<float> more = values_of_shard(shard, kNumbers);
    for (std::size_t i = 0; i < kNumbers; ++i) in_order[i] += more[i];
  }
  EXPECT_FALSE(same_bits(in_order, expected_sum(0, 8, kNumbers)));
}

TEST(TreeSum, TakesSeveralBuckets) {
  constexpr std::size_t kNumbers = (std::size_t{1} << 21) + 5;
  const Summed summed = sum(2, 2, kNumbers);
  EXPECT_TRUE(same_bits(summed.of_rank[0], expected_sum(0, 2, kNumbers)));
  EXPECT_TRUE(same_bits(summed.of_rank[1], summed.of_rank[0]));
}

TEST(TreeSum, SendsWhatTheFormulaSays) {
  constexpr std::size_t kNumbers = 6000;
  for (const int size : {2, 4}) {
    const double formula = 2.0 * (size - 1) / size * kNumbers * sizeof(float);
    for (const std::uint64_t bytes : sum(size, 8, kNumbers).bytes)
      EXPECT_NEAR(static_cast<double>(bytes), formula, 0.01 * formula);
  }
}

TEST(TreeSum, OfFewerNumbersThanRanks) {
  const Summed summed = sum(4, 4, 2);
  for (const std::vector<float>& actual : summed.of_rank)
    EXPECT_TRUE(same_bits(actual, expected_sum(0, 4, 2)));
}

TEST(Shards, AreDividedEvenlyAndInOrder) {
  for (int size = 1; size <= 8; ++size) {
    std::int64_t next = 0;
    for (int rank = 0; rank < size; ++rank) {
      const ShardRange range = shards_of(rank, size, 8);
      EXPECT_EQ(range.first, next);
      EXPECT_GT(range.end, range.first);
      next = range.end;
    }
    EXPECT_EQ(next, 8);
  }
}

TEST(Shards, OfARankAreTheFewestSubtrees) {
  const auto sizes = [](ShardRange range) {
    std::vector<std::int64_t> counts;
    for (const Subtree& subtree : subtrees_of(range)) counts.push_back(subtree.count);
    return counts;
  };
  EXPECT_EQ(sizes({0, 8}), (std::vector<std::int64_t>{8}));
  EXPECT_EQ(sizes({4, 8}), (std::vector<std::int64_t>{4}));
  EXPECT_EQ(sizes({2, 5}), (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(sizes({5, 8}), (std::vector<std::int64_t>{1, 2}));
}

}  // namespace
}  // namespace bertune::distributed
