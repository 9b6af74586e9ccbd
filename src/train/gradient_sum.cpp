#include "train/gradient_sum.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "bertune/optim.h"
#include "kernels/buffer.h"
#include "kernels/host_access.h"
#include "train/background_work.h"
#include "train/packed_ranges.h"

namespace bertune::train {
namespace {

// Calls use(numbers), which may change them.
template <typename Use>
void change_ranges(std::span<float> buffer, const std::vector<std::vector<Parameters::Range>>& ranges,
                   const Use& use) {
  PackedRanges packed(buffer, ranges);
  use(packed.numbers());
  packed.copy_back();
}

void append(std::vector<Parameters::Range>& to, const std::vector<Parameters::Range>& ranges) {
  to.insert(to.end(), ranges.begin(), ranges.end());
}

}  // namespace

GradientSum::GradientSum(Parameters& parameters, std::int64_t shards, distributed::Ranks* ranks,
                         distributed::Wire wire)
    : parameters_(parameters), shards_(shards), ranks_(ranks), wire_(wire) {}

distributed::ShardRange GradientSum::shards_of(int rank) const {
  return distributed::shards_of(rank, ranks_in_all(), shards_);
}

GradientSum::Ranges GradientSum::ranges_by_rank(const Parameters::Bucket& bucket) const {
  Ranges ranges;
  for (int rank = 0; rank < ranks_in_all(); ++rank) ranges.push_back(bucket.ranges_of(part_of(rank)));
  return ranges;
}

void GradientSum::add_rows(Ranges& ranges, std::span<const std::int32_t> rows) const {
  const Parameter* words = parameters_.tracked_rows();
  if (words == nullptr) return;
  const auto width = static_cast<std::size_t>(words->shape.back());
  for (const std::int32_t row : rows) {
    const auto owner = static_cast<std::size_t>(row) % ranges.size();
    ranges[owner].push_back({words->offset + static_cast<std::size_t>(row) * width, width});
  }
}

// The gradient is zero outside of these ranges, on all ranks: nothing else is added or sent.
void GradientSum::lay_out_buckets() {
  const std::vector<Parameters::Bucket> parts = parameters_.buckets();
  const bool has_rows = parameters_.tracked_rows() != nullptr;
  buckets_.resize(parts.size() + (has_rows ? 1 : 0));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Bucket& bucket = buckets_[parts.size() - 1 - i];
    bucket.depth = parts[i].depth;
    bucket.ranges = ranges_by_rank(parts[i]);
  }
  if (!has_rows) return;
  buckets_.back().depth = 0;
  buckets_.back().ranges.assign(static_cast<std::size_t>(ranks_in_all()), {});
  add_rows(buckets_.back().ranges, parameters_.marked_rows());
}

void GradientSum::compute(std::span<const std::int32_t> word_rows, const GradientOf& gradient_of,
                          std::vector<double>& losses) {
  const distributed::ShardRange mine = shards_of(rank());
  for (std::int64_t shard = mine.first; shard < mine.end; ++shard) {
    if (shard > mine.first) put_aside(shard - 1);
    parameters_.zero_grad();
    parameters_.mark_rows(word_rows);
    if (shard == mine.first) lay_out_buckets();
    double& loss = losses[static_cast<std::size_t>(shard)];
    if (shard + 1 < mine.end) {
      loss = gradient_of(shard, {});
    } else if (ranks_ != nullptr && ranks_->any_thread() && kernels::ops().host_memory) {
      loss = compute_and_exchange(shard, gradient_of);
    } else {
      loss = gradient_of(shard, {});
      kernels::change_on_host(parameters_.gradients(), [&](std::span<float> gradients) {
        for (Bucket& bucket : buckets_) exchange(bucket, gradients);
      });
    }
  }
}

void GradientSum::put_aside(std::int64_t shard) {
  kernels::change_on_host(parameters_.gradients(), [&](std::span<float> gradients) {
    for (Bucket& bucket : buckets_) {
      change_ranges(gradients, bucket.ranges, [&](distributed::Numbers& numbers) {
        bucket.sum.put_aside(bucket.sum.join({shard, 1}, numbers), numbers);
      });
    }
  });
}

double GradientSum::compute_and_exchange(std::int64_t shard, const GradientOf& gradient_of) {
  const std::span<float> gradients = parameters_.gradients();
  std::vector<std::int64_t> depths;
  for (const Bucket& bucket : buckets_) depths.push_back(bucket.depth);
  BackgroundWork exchanges(std::move(depths),
                           [&](std::size_t piece) { exchange(buckets_[piece], gradients); });
  double loss = 0;
  try {
    loss = gradient_of(shard, [&](std::int64_t depth) { exchanges.reached(depth); });
  } catch (...) {
    exchanges.abandon();  // that another rank has failed comes before what failed here
    throw;
  }
  exchanges.finish();
  return loss;
}

// The sum of a bucket, on all ranks; where the parameters have a part, each rank has that of its piece.
void GradientSum::exchange(Bucket& bucket, std::span<float> gradients) {
  change_ranges(gradients, bucket.ranges, [&](distributed::Numbers& numbers) {
    bucket.sum.join({shards_of(rank()).end - 1, 1}, numbers);
    if (ranks_ == nullptr) return;
    distributed::reduce_scatter(*ranks_, shards_, bucket.sum, numbers, wire_);
    if (parameters_.part().is_all())
      distributed::all_gather(*ranks_, numbers, "the sum of the gradients", wire_);
  });
  bucket.sum.clear();
}

// The squares of a rank's piece of the gradient, summed by blocks of ranges and by rows, so that the order of
// sums does not depend on the number of ranks.
std::vector<double> GradientSum::squares_of(const std::vector<Parameters::Range>& ranges) const {
  const float* gradients = std::as_const(parameters_).gradients().data();
  std::vector<kernels::ConstSegment> segments;
  for (const Parameters::Range& range : ranges) {
    for (std::size_t begin = 0; begin < range.size; begin += Parameters::kPartBlock) {
      const std::size_t size = std::min(Parameters::kPartBlock, range.size - begin);
      segments.push_back({gradients + range.offset + begin, static_cast<std::int64_t>(size)});
    }
  }
  std::vector<double> squares(segments.size());
  if (segments.empty()) return squares;
  kernels::Buffer<double> sums(segments.size());
  kernels::result_of(kernels::ops().sum_of_squares,
                     kernels::SumOfSquares{.segments = segments.data(),
                                           .count = static_cast<std::int64_t>(segments.size()),
                                           .sums = sums.data()});
  kernels::ops().download(squares.data(), sums.data(), squares.size() * sizeof(double));
  return squares;
}

// The last bucket is that of rows, where they are tracked.
std::size_t GradientSum::buckets_of_layers() const {
  return buckets_.size() - (parameters_.tracked_rows() != nullptr ? 1 : 0);
}

// A rank's piece of all buckets, in the order of norm_of().
std::vector<Parameters::Range> GradientSum::own_ranges(int rank) const {
  const auto index = static_cast<std::size_t>(rank);
  std::vector<Parameters::Range> ranges;
  for (std::size_t i = buckets_of_layers(); i-- > 0;) append(ranges, buckets_[i].ranges[index]);
  if (buckets_of_layers() < buckets_.size()) append(ranges, buckets_.back().ranges[index]);
  return ranges;
}

// The order of sums is that of places, and then of rows, whichever ranks have them.
double GradientSum::norm_of(const std::vector<std::vector<double>>& squares) const {
  std::vector<std::size_t> next(squares.size());  // of a rank's squares
  double total = 0;
  const auto add = [&](std::size_t rank, std::size_t numbers) {
    for (std::size_t i = 0; i < Parameters::blocks_of(numbers); ++i) total += squares[rank][next[rank]++];
  };
  for (std::size_t i = buckets_of_layers(); i-- > 0;) {
    for (std::size_t rank = 0; rank < squares.size(); ++rank)
      for (const Parameters::Range& range : buckets_[i].ranges[rank]) add(rank, range.size);
  }
  if (const Parameter* words = parameters_.tracked_rows()) {
    for (const std::int32_t row : parameters_.marked_rows())
      add(static_cast<std::size_t>(row) % squares.size(), static_cast<std::size_t>(words->shape.back()));
  }
  return std::sqrt(total);
}

// Loss, stop and squares, which every rank sends to every other one.
GradientSum::Sum GradientSum::share_numbers(const std::vector<double>& losses, bool stop) {
  const auto blocks_of = [&](int rank) {
    std::size_t blocks = 0;
    for (const Parameters::Range& range : own_ranges(rank)) blocks += Parameters::blocks_of(range.size);
    return blocks;
  };
  std::vector<std::vector<double>> of_rank(static_cast<std::size_t>(ranks_in_all()));
  for (int other = 0; other < ranks_in_all(); ++other) {
    std::vector<double>& numbers = of_rank[static_cast<std::size_t>(other)];
    const distributed::ShardRange range = shards_of(other);
    const auto shards = static_cast<std::size_t>(range.end - range.first);
    if (other != rank()) {
      numbers.resize(shards + 1 + blocks_of(other));
      ranks_->receive(other, distributed::writable_bytes_of(numbers));
      continue;
    }
    numbers.assign(losses.begin() + range.first, losses.begin() + range.end);
    numbers.push_back(stop ? 1 : 0);
    const std::vector<double> squares = squares_of(own_ranges(rank()));
    numbers.insert(numbers.end(), squares.begin(), squares.end());
  }
  if (ranks_ != nullptr) {
    for (int other = 0; other < ranks_in_all(); ++other)
      if (other != rank())
        ranks_->send(other, distributed::bytes_of(of_rank[static_cast<std::size_t>(rank())]));
    ranks_->wait("the loss");
  }
  Sum sum;
  for (int other = 0; other < ranks_in_all(); ++other) {
    std::vector<double>& numbers = of_rank[static_cast<std::size_t>(other)];
    const distributed::ShardRange range = shards_of(other);
    const auto stops = numbers.begin() + (range.end - range.first);
    sum.loss = std::accumulate(numbers.begin(), stops, sum.loss);
    sum.stop = sum.stop || *stops > 0;
    numbers.erase(numbers.begin(), stops + 1);
  }
  sum.norm = norm_of(of_rank);
  return sum;
}

GradientSum::Sum GradientSum::add_up(std::span<const std::int32_t> word_rows, bool stop,
                                     const GradientOf& gradient_of) {
  if (shards_ == 1) {
    parameters_.zero_grad();
    const double loss = gradient_of(0, {});
    return {loss, stop, optim::gradient_norm(parameters_)};
  }
  std::vector<double> losses(static_cast<std::size_t>(shards_));
  compute(word_rows, gradient_of, losses);
  return share_numbers(losses, stop);
}

void GradientSum::gather_values(const Ranges& ranges) {
  kernels::change_on_host(parameters_.values(), [&](std::span<float> values) {
    change_ranges(values, ranges, [&](distributed::Numbers& numbers) {
      distributed::all_gather(*ranks_, numbers, "the updated weights");
    });
  });
}

void GradientSum::share_values() {
  if (parameters_.part().is_all()) return;
  Ranges ranges(static_cast<std::size_t>(ranks_in_all()));
  for (const Parameters::Bucket& bucket : parameters_.buckets()) {
    const Ranges of_bucket = ranges_by_rank(bucket);
    for (std::size_t rank = 0; rank < ranges.size(); ++rank) append(ranges[rank], of_bucket[rank]);
  }
  gather_values(ranges);
}

// Some rows at a time, for they are copied.
void GradientSum::share_rows(std::span<const std::int32_t> rows) {
  constexpr std::size_t kMost = 4096;
  if (parameters_.part().is_all() || !parameters_.rows_are_tracked()) return;
  for (; !rows.empty(); rows = rows.subspan(std::min(kMost, rows.size()))) {
    Ranges ranges(static_cast<std::size_t>(ranks_in_all()));
    add_rows(ranges, rows.first(std::min(kMost, rows.size())));
    gather_values(ranges);
  }
}

}  // namespace bertune::train
