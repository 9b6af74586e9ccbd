#include "distributed/tree_sum.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <span>
#include <utility>

#include "core/parallel.h"

namespace bertune::distributed {
namespace {

constexpr std::size_t kBlock = 1 << 14;  // numbers that are added at a time, in a cache

// Rounds to the nearest, ties to the even one.
std::uint16_t bfloat16_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}
float float_of_bfloat16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

bool are_neighbors(Subtree left, Subtree right) {
  return left.count == right.count && left.first + left.count == right.first &&
         left.first % (2 * left.count) == 0;
}

void add_block(float* to, const float* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] += from[i];
}

template <typename Body>
void for_blocks_of(std::size_t size, const Body& body) {
  parallel_for(block_count(static_cast<std::int64_t>(size), kBlock), [&](std::int64_t block) {
    const std::size_t first = static_cast<std::size_t>(block) * kBlock;
    body(first, std::min(kBlock, size - first));
  });
}

// The sum over a subtree, of some of the numbers. One of all terms is where the sum over all is wanted.
struct Term {
  Subtree subtree;
  float* values;
  bool is_wanted_here = false;
};

// Addition is commutative: the sum of two neighbors may take the place of either.
void add_up(const std::vector<Term>& terms, std::size_t size) {
  for_blocks_of(size, [&](std::size_t first, std::size_t count) {
    std::vector<Term> sums;
    for (const Term& term : terms) {
      sums.push_back(term);
      while (sums.size() > 1 && are_neighbors(sums.end()[-2].subtree, sums.back().subtree)) {
        Term &left = sums.end()[-2], &right = sums.back();
        if (right.is_wanted_here) std::swap(left.values, right.values);
        add_block(left.values + first, right.values + first, count);
        left.subtree.count *= 2;
        left.is_wanted_here = left.is_wanted_here || right.is_wanted_here;
        sums.pop_back();
      }
    }
  });
}

// A chunk of this rank's piece that has arrived.
struct Arrived {
  Subtree subtree;
  std::span<float> values;
};

// A chunk of each piece, of the numbers that are on their way at a time.
struct Chunk {
  Chunk(const Numbers& numbers, std::size_t size, int ranks) : size_(size / static_cast<std::size_t>(ranks)) {
    for (int rank = 0; rank < ranks; ++rank) largest_ = std::max(largest_, numbers.size(rank));
  }
  void next() { begin_ += size_; }
  bool is_empty() const { return begin_ >= largest_; }
  std::size_t begin(const Numbers& numbers, int rank) const {
    return numbers.begin(rank) + std::min(begin_, numbers.size(rank));
  }
  std::size_t size(const Numbers& numbers, int rank) const {
    return std::min(size_, numbers.size(rank) - std::min(begin_, numbers.size(rank)));
  }

 private:
  std::size_t size_, begin_ = 0, largest_ = 0;
};

// The messages of a rank in a round. Numbers of float32 leave from where they are, a message for what
// lies in one place there; those of bfloat16 are copies.
class Round {
 public:
  Round(Ranks& ranks, Wire wire) : ranks_(ranks), wire_(wire) {}

  // All sums of this rank, of a part of the numbers.
  void send(int to, const TreeSum& own, const Numbers& numbers, std::size_t begin, std::size_t size) {
    for (const TreeSum::Part& part : own.parts()) {
      numbers.for_each(begin, size, [&](std::span<float> place, std::size_t first) {
        send(to, std::span(part.values).subspan(first, place.size()));
      });
    }
    send(to, numbers, begin, size);
  }
  void send(int to, const Numbers& numbers, std::size_t begin, std::size_t size) {
    numbers.for_each(begin, size, [&](std::span<float> place, std::size_t) { send(to, place); });
  }
  // Receives numbers that lie where they are sent as those of `numbers` from `begin` on.
  void receive(int from, const Numbers& numbers, std::size_t begin, std::span<float> values) {
    numbers.for_each(begin, values.size(), [&](std::span<float> place, std::size_t first) {
      receive(from, values.subspan(first - begin, place.size()));
    });
  }
  void receive(int from, std::span<float> values) {
    if (wire_ == Wire::float32) return ranks_.receive(from, writable_bytes_of(values));
    std::vector<std::uint16_t>& halves = halves_.emplace_back(values.size());
    ranks_.receive(from, writable_bytes_of(halves));
    arriving_.push_back({values, &halves});
  }
  void wait(std::string_view what) {
    ranks_.wait(what);
    for (const auto& [values, halves] : arriving_)
      std::ranges::transform(*halves, values.begin(), float_of_bfloat16);
  }

 private:
  void send(int to, std::span<const float> values) {
    if (wire_ == Wire::float32) return ranks_.send(to, bytes_of(values));
    std::vector<std::uint16_t>& halves = halves_.emplace_back(values.size());
    std::ranges::transform(values, halves.begin(), bfloat16_of);
    ranks_.send(to, bytes_of(halves));
  }

  struct Arriving {
    std::span<float> values;
    const std::vector<std::uint16_t>* halves;
  };
  Ranks& ranks_;
  Wire wire_;
  std::deque<std::vector<std::uint16_t>> halves_;
  std::vector<Arriving> arriving_;
};

void add_chunk(TreeSum& own, Subtree last, Numbers& numbers, std::size_t begin,
               const std::vector<Arrived>& arrived, std::size_t size) {
  numbers.for_each(begin, size, [&](std::span<float> place, std::size_t first) {
    std::vector<Term> terms = {{last, place.data(), true}};
    for (TreeSum::Part& part : own.parts()) terms.push_back({part.subtree, part.values.data() + first});
    for (const Arrived& other : arrived)
      terms.push_back({other.subtree, other.values.data() + (first - begin)});
    std::ranges::sort(terms, {}, [](const Term& term) { return term.subtree.first; });
    add_up(terms, place.size());
  });
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

void TreeSum::put_aside(Subtree subtree, const Numbers& numbers) {
  std::vector<float> values;
  if (!free_.empty()) {
    values = std::move(free_.back());
    free_.pop_back();
  }
  values.resize(numbers.size());
  numbers.for_each([&](std::span<const float> place, std::size_t first) {
    for_blocks_of(place.size(), [&](std::size_t begin, std::size_t count) {
      std::ranges::copy(place.subspan(begin, count), values.data() + first + begin);
    });
  });
  parts_.push_back({subtree, std::move(values)});
}

Subtree TreeSum::join(Subtree subtree, Numbers& numbers) {
  while (!parts_.empty() && are_neighbors(parts_.back().subtree, subtree)) {
    const float* left = parts_.back().values.data();
    numbers.for_each([&](std::span<float> place, std::size_t first) {
      for_blocks_of(place.size(), [&](std::size_t begin, std::size_t count) {
        add_block(place.data() + begin, left + first + begin, count);
      });
    });
    subtree = {parts_.back().subtree.first, 2 * subtree.count};
    free_.push_back(std::move(parts_.back().values));
    parts_.pop_back();
  }
  return subtree;
}

void TreeSum::clear() {
  for (Part& part : parts_) free_.push_back(std::move(part.values));
  parts_.clear();
}

// A chunk of each piece at a time, so that what arrives needs little memory.
void reduce_scatter(Ranks& ranks, std::int64_t shards, TreeSum& own, Numbers& numbers, Wire wire) {
  const int me = ranks.rank(), size = ranks.size();
  const Subtree last = subtrees_of(shards_of(me, size, shards)).back();
  std::vector<Arrived> arriving;
  std::vector<std::vector<float>> memory;
  for (Chunk chunk(numbers, kBucket, size); size > 1 && !chunk.is_empty(); chunk.next()) {
    Round round(ranks, wire);
    const std::size_t begin = chunk.begin(numbers, me), count = chunk.size(numbers, me);
    arriving.clear();
    for (int rank = 0; rank < size; ++rank) {
      if (rank == me) continue;
      round.send(rank, own, numbers, chunk.begin(numbers, rank), chunk.size(numbers, rank));
      for (const Subtree subtree : subtrees_of(shards_of(rank, size, shards))) {
        if (memory.size() == arriving.size()) memory.emplace_back(count);
        arriving.push_back({subtree, std::span(memory[arriving.size()]).first(count)});
        round.receive(rank, numbers, begin, arriving.back().values);
      }
    }
    round.wait("the gradients");
    add_chunk(own, last, numbers, begin, arriving, count);
  }
}

void all_gather(Ranks& ranks, Numbers& numbers, std::string_view what, Wire wire) {
  const int me = ranks.rank();
  if (wire == Wire::bfloat16) {  // all ranks have the same
    numbers.for_each(numbers.begin(me), numbers.size(me), [](std::span<float> place, std::size_t) {
      for (float& value : place) value = float_of_bfloat16(bfloat16_of(value));
    });
  }
  Round round(ranks, wire);
  for (int rank = 0; rank < ranks.size(); ++rank) {
    if (rank == me) continue;
    round.send(rank, numbers, numbers.begin(me), numbers.size(me));
    numbers.for_each(numbers.begin(rank), numbers.size(rank),
                     [&](std::span<float> part, std::size_t) { round.receive(rank, part); });
  }
  round.wait(what);
}

}  // namespace bertune::distributed
