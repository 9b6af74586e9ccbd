#include "distributed/tree_sum.h"

#include <algorithm>
#include <utility>

#include "core/parallel.h"

namespace bertune::distributed {
namespace {

constexpr std::int64_t kBlock = 1 << 16;

void add_to(std::vector<float>& sum, const std::vector<float>& more) {
  const auto size = static_cast<std::int64_t>(sum.size());
  parallel_for(block_count(size, kBlock), [&](std::int64_t block) {
    float* to = sum.data() + block * kBlock;
    const float* from = more.data() + block * kBlock;
    const std::int64_t count = std::min(kBlock, size - block * kBlock);
    for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
  });
}

// The numbers of a bucket that each rank adds up for all.
class Pieces {
 public:
  Pieces(std::size_t first, std::size_t size, int ranks)
      : first_(first), size_(size), ranks_(static_cast<std::size_t>(ranks)) {}

  std::size_t begin(int rank) const { return first_ + size_ * static_cast<std::size_t>(rank) / ranks_; }
  std::size_t size(int rank) const { return begin(rank + 1) - begin(rank); }
  template <typename Values>
  auto of(int rank, Values& values) const {
    return std::span(values).subspan(begin(rank), size(rank));
  }

 private:
  std::size_t first_, size_, ranks_;
};

// The first half: this rank's piece of the sum, from the parts of all ranks.
void reduce(Ranks& ranks, std::int64_t shards, const std::vector<TreeSum::Part>& own, const Pieces& pieces,
            TreeSum& tree, std::span<float> sum) {
  const int me = ranks.rank();
  std::vector<TreeSum::Part> arriving;
  for (int rank = 0; rank < ranks.size(); ++rank) {
    if (rank == me) {
      for (const TreeSum::Part& part : own) {
        arriving.push_back({part.subtree, tree.buffer(pieces.size(me))});
        std::ranges::copy(pieces.of(me, part.values), arriving.back().values.begin());
      }
      continue;
    }
    for (const TreeSum::Part& part : own) ranks.send(rank, bytes_of(pieces.of(rank, part.values)));
    for (const Subtree subtree : subtrees_of(shards_of(rank, ranks.size(), shards))) {
      arriving.push_back({subtree, tree.buffer(pieces.size(me))});
      ranks.receive(rank, writable_bytes_of(arriving.back().values));
    }
  }
  ranks.wait("the gradients");
  for (TreeSum::Part& part : arriving) tree.add(part.subtree, std::move(part.values));
  std::ranges::copy(tree.parts().front().values, pieces.of(me, sum).begin());
  tree.clear();
}

// The second half: the pieces of all ranks.
void share(Ranks& ranks, const Pieces& pieces, std::span<float> sum) {
  for (int rank = 0; rank < ranks.size(); ++rank) {
    if (rank == ranks.rank()) continue;
    ranks.send(rank, bytes_of(pieces.of(ranks.rank(), sum)));
    auto piece = pieces.of(rank, sum);
    ranks.receive(rank, writable_bytes_of(piece));
  }
  ranks.wait("the sum of the gradients");
}

}  // namespace

ShardRange shards_of(int rank, int ranks, std::int64_t shards) {
  return {rank * shards / ranks, (rank + 1) * shards / ranks};
}

std::vector<Subtree> subtrees_of(ShardRange range) {
  std::vector<Subtree> subtrees;
  while (range.first < range.end) {
    std::int64_t count = 1;
    while (range.first % (2 * count) == 0 && range.first + 2 * count <= range.end) count *= 2;
    subtrees.push_back({range.first, count});
    range.first += count;
  }
  return subtrees;
}

std::vector<float> TreeSum::buffer(std::size_t size) {
  if (free_.empty()) return std::vector<float>(size);
  std::vector<float> values = std::move(free_.back());
  free_.pop_back();
  values.resize(size);
  return values;
}

void TreeSum::add(Subtree subtree, std::vector<float> values) {
  parts_.push_back({subtree, std::move(values)});
  while (parts_.size() > 1) {
    Part &left = parts_.end()[-2], &right = parts_.back();
    if (left.subtree.count != right.subtree.count || left.subtree.first % (2 * left.subtree.count) != 0)
      return;
    add_to(left.values, right.values);
    left.subtree.count *= 2;
    free_.push_back(std::move(right.values));
    parts_.pop_back();
  }
}

void TreeSum::clear() {
  for (Part& part : parts_) free_.push_back(std::move(part.values));
  parts_.clear();
}

// A bucket at a time, so that what arrives needs little memory.
void sum_over_ranks(Ranks& ranks, std::int64_t shards, const std::vector<TreeSum::Part>& own,
                    std::span<float> sum) {
  constexpr std::size_t kBucket = std::size_t{1} << 21;  // 8 MiB
  TreeSum tree;
  for (std::size_t first = 0; first < sum.size(); first += kBucket) {
    const Pieces pieces(first, std::min(kBucket, sum.size() - first), ranks.size());
    reduce(ranks, shards, own, pieces, tree, sum);
    share(ranks, pieces, sum);
  }
}

}  // namespace bertune::distributed
