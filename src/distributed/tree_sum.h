// Sums over shards whose order of additions is a binary tree over the shards: the same bits for any number
// of ranks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "distributed/numbers.h"
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

// The sums of a rank whose neighbors in the tree are still to come. The last sum lies where it was computed,
// in Numbers; those before it are copies here.
class TreeSum {
 public:
  struct Part {
    Subtree subtree;
    std::vector<float> values;
  };

  // Copies the sum over `subtree`, so that the next one can be computed in its place.
  void put_aside(Subtree subtree, const Numbers& numbers);
  // Adds to the numbers, which are the sum over `subtree`, those of its left neighbors, as far as they are
  // complete. Returns the subtree of which the numbers are the sum then.
  Subtree join(Subtree subtree, Numbers& numbers);
  const std::vector<Part>& parts() const { return parts_; }  // put aside, in order
  std::vector<Part>& parts() { return parts_; }
  void clear();  // keeps the memory

 private:
  std::vector<Part> parts_;
  std::vector<std::vector<float>> free_;
};

// The numbers on their way. bfloat16 halves the bytes; each rank's parts are rounded once, and so is their
// sum.
enum class Wire { float32, bfloat16 };

inline constexpr std::size_t kBucket = std::size_t{1} << 21;  // numbers on their way at a time: 8 MiB

// The first half of an exchange: this rank's piece of `numbers` becomes the sum over all shards. `own` and
// `numbers` hold the sums that subtrees_of(shards_of(rank)) names, `numbers` the last of them; the pieces of
// other ranks are left as they are. Each rank sends (R - 1) / R of its bytes where R is a power of two.
void reduce_scatter(Ranks& ranks, std::int64_t shards, TreeSum& own, Numbers& numbers,
                    Wire wire = Wire::float32);

// The second half: all ranks get all pieces. Each sends its own to R - 1 others.
void all_gather(Ranks& ranks, Numbers& numbers, std::string_view what, Wire wire = Wire::float32);

}  // namespace bertune::distributed
