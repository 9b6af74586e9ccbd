#include "train/gradient_sum.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "bertune/optim.h"
#include "kernels/buffer.h"
#include "kernels/host_access.h"
#include "train/packed_ranges.h"

namespace bertune::train {
namespace {

// Calls use(numbers), which may change them.
template <typename Use>
void change_ranges(std::span<float> buffer, const std::vector<std::vector<Parameters::Range>>& ranges,
                   const Use& use) {
  kernels::change_on_host(buffer, [&](std::span<float> all) {
    PackedRanges packed(all, ranges);
    use(packed.numbers());
    packed.copy_back();
  });
}

}  // namespace

GradientSum::GradientSum(Parameters& parameters, std::int64_t shards, distributed::Ranks* ranks,
                         distributed::Wire wire)
    : parameters_(parameters), shards_(shards), ranks_(ranks), wire_(wire) {}

distributed::ShardRange GradientSum::shards_of(int rank) const {
  return distributed::shards_of(rank, ranks_in_all(), shards_);
}

GradientSum::Ranges GradientSum::ranges_by_rank() const {
  Ranges ranges;
  for (int rank = 0; rank < ranks_in_all(); ++rank) ranges.push_back(parameters_.ranges_of(part_of(rank)));
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
GradientSum::Ranges GradientSum::gradients_by_rank() const {
  Ranges ranges = ranges_by_rank();
  add_rows(ranges, parameters_.marked_rows());
  return ranges;
}

void GradientSum::compute(std::span<const std::int32_t> word_rows,
                          const std::function<double(std::int64_t)>& gradient_of,
                          std::vector<double>& losses) {
  const distributed::ShardRange mine = shards_of(rank());
  distributed::Subtree sum;  // that the gradient holds
  for (std::int64_t shard = mine.first; shard < mine.end; ++shard) {
    if (shard > mine.first) {
      change_ranges(parameters_.gradients(), gradients_by_rank(),
                    [&](distributed::Numbers& numbers) { tree_.put_aside(sum, numbers); });
    }
    parameters_.zero_grad();
    parameters_.mark_rows(word_rows);
    losses[static_cast<std::size_t>(shard)] = gradient_of(shard);
    sum = {shard, 1};
    if (shard % 2 == 0) continue;  // it has no left neighbor
    change_ranges(parameters_.gradients(), gradients_by_rank(),
                  [&](distributed::Numbers& numbers) { sum = tree_.join(sum, numbers); });
  }
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

// Blocks of ranges are in the order of ranks; rows are each among those of its rank.
double GradientSum::norm_of(const std::vector<std::vector<double>>& squares) const {
  const Parameter* words = parameters_.tracked_rows();
  std::span<const std::int32_t> rows;
  if (words != nullptr) rows = parameters_.marked_rows();
  const std::size_t blocks_of_row =
      words == nullptr ? 0 : Parameters::blocks_of(static_cast<std::size_t>(words->shape.back()));
  std::vector<std::size_t> next(squares.size());  // where the rows of a rank begin
  for (std::size_t rank = 0; rank < squares.size(); ++rank) next[rank] = squares[rank].size();
  for (const std::int32_t row : rows) next[static_cast<std::size_t>(row) % squares.size()] -= blocks_of_row;
  double total = 0;
  for (std::size_t rank = 0; rank < squares.size(); ++rank)
    for (std::size_t i = 0; i < next[rank]; ++i) total += squares[rank][i];
  for (const std::int32_t row : rows) {
    const auto rank = static_cast<std::size_t>(row) % squares.size();
    for (std::size_t i = 0; i < blocks_of_row; ++i) total += squares[rank][next[rank]++];
  }
  return std::sqrt(total);
}

// Loss, stop and squares, which every rank sends to every other one.
GradientSum::Sum GradientSum::share_numbers(const std::vector<double>& losses, bool stop) {
  const Ranges ranges = gradients_by_rank();
  const auto blocks_of = [&](int rank) {
    std::size_t blocks = 0;
    for (const Parameters::Range& range : ranges[static_cast<std::size_t>(rank)])
      blocks += Parameters::blocks_of(range.size);
    return blocks;
  };
  std::vector<std::vector<double>> of_rank(ranges.size());
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
    const std::vector<double> squares = squares_of(ranges[static_cast<std::size_t>(rank())]);
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
                                     const std::function<double(std::int64_t)>& gradient_of) {
  if (shards_ == 1) {
    parameters_.zero_grad();
    const double loss = gradient_of(0);
    return {loss, stop, optim::gradient_norm(parameters_)};
  }
  std::vector<double> losses(static_cast<std::size_t>(shards_));
  compute(word_rows, gradient_of, losses);
  if (ranks_ != nullptr) {
    change_ranges(parameters_.gradients(), gradients_by_rank(), [&](distributed::Numbers& numbers) {
      distributed::reduce_scatter(*ranks_, shards_, tree_, numbers, wire_);
    });
  }
  tree_.clear();
  const Sum sum = share_numbers(losses, stop);
  if (ranks_ != nullptr && parameters_.part().is_all()) {
    change_ranges(parameters_.gradients(), gradients_by_rank(), [&](distributed::Numbers& numbers) {
      distributed::all_gather(*ranks_, numbers, "the sum of the gradients", wire_);
    });
  }
  return sum;
}

void GradientSum::gather_values(const Ranges& ranges) {
  change_ranges(parameters_.values(), ranges, [&](distributed::Numbers& numbers) {
    distributed::all_gather(*ranks_, numbers, "the updated weights");
  });
}

void GradientSum::share_values() {
  if (!parameters_.part().is_all()) gather_values(ranges_by_rank());
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
