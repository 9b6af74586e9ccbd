// Sums over shards whose order of additions is a binary tree over the shards: the same bits for any number
// of ranks.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "distributed/ranks.h"

namespace bertune::distributed {

// A part of the tree: the sum over shards [first, first + count), where count is a power of two that divides
// first.
struct Subtree {
  std::int64_t first = 0, count = 1;
};

// A rank's shards, [first, end), of all of them; each rank has one at least where there are as many shards as
// ranks.
struct ShardRange {
  std::int64_t first = 0, end = 0;
};
ShardRange shards_of(int rank, int ranks, std::int64_t shards);

// Returns the fewest subtrees that make up a range of shards, in order.
std::vector<Subtree> subtrees_of(ShardRange range);

// Adds values of neighboring subtrees together as they come, in the order of shards.
class TreeSum {
 public:
  struct Part {
    Subtree subtree;
    std::vector<float> values;
  };

  // Returns memory for `size` numbers of the next subtree, which may be of an earlier sum.
  std::vector<float> buffer(std::size_t size);
  // Takes such memory back.
  void keep(std::vector<float> values) { free_.push_back(std::move(values)); }
  // Takes the values of the next subtree, which are added to those of its neighbor where that is complete.
  void add(Subtree subtree, std::vector<float> values);
  // The sums so far; one of all shards, when all were added.
  const std::vector<Part>& parts() const { return parts_; }
  void clear();  // keeps the memory

 private:
  std::vector<Part> parts_;
  std::vector<std::vector<float>> free_;
};

// Writes to `sum` the sum over all shards, given on each rank the parts of its own, which are those that
// subtrees_of(shards_of(rank)) names. Each rank sends 2 (R - 1) / R of its bytes where R is a power of two.
void sum_over_ranks(Ranks& ranks, std::int64_t shards, const std::vector<TreeSum::Part>& own,
                    std::span<float> sum);

}  // namespace bertune::distributed
