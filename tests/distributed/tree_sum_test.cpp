// The sum over shards has the same bits for any number of ranks, and sends what the formula says.
#include "distributed/tree_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// A piece for each rank, in two places each.
Numbers in_places(std::span<float> numbers, int ranks) {
  Numbers all;
  for (int rank = 0; rank < ranks; ++rank) {
    const auto border = [&](int of) {
      return numbers.size() * static_cast<std::size_t>(of) / static_cast<std::size_t>(ranks);
    };
    const std::span<float> piece = numbers.subspan(border(rank), border(rank + 1) - border(rank));
    all.add(piece.first(piece.size() / 3));
    all.add(piece.subspan(piece.size() / 3));
    all.end_piece();
  }
  return all;
}

struct Summed {
  std::vector<std::vector<float>> of_rank;
  std::vector<std::uint64_t> bytes;
};

using ValuesOf = std::vector<float> (*)(std::int64_t shard, std::size_t size);

Summed sum(int size, std::int64_t shards, std::size_t numbers, ValuesOf values_of = values_of_shard,
           Wire wire = Wire::float32) {
  const auto ranks_in_all = static_cast<std::size_t>(size);
  Summed summed{std::vector<std::vector<float>>(ranks_in_all), std::vector<std::uint64_t>(ranks_in_all)};
  run_as_threads(size, [&](Ranks& ranks) {
    TreeSum own;
    const ShardRange mine = shards_of(ranks.rank(), size, shards);
    std::vector<float> result(numbers);
    Numbers all = in_places(result, size);
    Subtree last;
    for (std::int64_t shard = mine.first; shard < mine.end; ++shard) {
      if (shard > mine.first) own.put_aside(last, all);
      std::ranges::copy(values_of(shard, numbers), result.begin());
      last = own.join({shard, 1}, all);
    }
    reduce_scatter(ranks, shards, own, all, wire);
    all_gather(ranks, all, "the sum", wire);
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
  constexpr std::size_t kNumbers = 2 * kBucket + 5;
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

std::vector<float> sines_of_shard(std::int64_t shard, std::size_t size) {
  std::vector<float> values(size);
  for (std::size_t i = 0; i < size; ++i)
    values[i] = std::sin(static_cast<float>(i) + static_cast<float>(shard));
  return values;
}

// Half the bytes; all ranks have the same numbers, which are rounded.
TEST(TreeSum, OfHalvesIsCloseToTheSum) {
  constexpr std::size_t kNumbers = 6000;
  constexpr std::int64_t kShards = 4;
  for (const int size : {2, 3}) {
    const auto [of_rank, bytes] = sum(size, kShards, kNumbers, sines_of_shard, Wire::bfloat16);
    std::vector<double> exact(kNumbers);
    for (std::int64_t shard = 0; shard < kShards; ++shard) {
      const std::vector<float> values = sines_of_shard(shard, kNumbers);
      for (std::size_t i = 0; i < kNumbers; ++i) exact[i] += static_cast<double>(values[i]);
    }
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < kNumbers; ++i) {
      error += std::pow(exact[i] - static_cast<double>(of_rank[0][i]), 2);
      norm += exact[i] * exact[i];
    }
    EXPECT_GT(std::sqrt(error / norm), 5e-4);
    EXPECT_LT(std::sqrt(error / norm), 5e-3);
    for (const std::vector<float>& other : of_rank) EXPECT_TRUE(same_bits(other, of_rank[0]));
    if (size == 2) {
      EXPECT_EQ(bytes[0], kNumbers * sizeof(float) / 2);
    }
  }
}

TEST(TreeSum, OfFewerNumbersThanRanks) {
  const Summed summed = sum(4, 4, 2);
  for (const std::vector<float>& actual : summed.of_rank)
    EXPECT_TRUE(same_bits(actual, expected_sum(0, 4, 2)));
}

TEST(TreeSum, ChangesOnlyTheRanksPieceInItsFirstHalf) {
  constexpr std::size_t kNumbers = 900, kPiece = 450;
  const std::vector<float> expected = expected_sum(0, 2, kNumbers);
  run_as_threads(2, [&](Ranks& ranks) {
    const std::vector<float> before = values_of_shard(ranks.rank(), kNumbers);
    std::vector<float> values = before;
    Numbers all = in_places(values, 2);
    TreeSum own;
    reduce_scatter(ranks, 2, own, all);
    EXPECT_EQ(ranks.bytes_sent(), kPiece * sizeof(float));
    for (std::size_t i = 0; i < kNumbers; ++i) {
      const bool mine = static_cast<int>(i / kPiece) == ranks.rank();
      ASSERT_EQ(values[i], mine ? expected[i] : before[i]) << i;
    }
  });
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
