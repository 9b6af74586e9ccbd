#include "train/gradient_sum.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "kernels/host_access.h"

namespace bertune::train {

GradientSum::GradientSum(Parameters& parameters, std::int64_t shards, distributed::Ranks* ranks)
    : parameters_(parameters), shards_(shards), ranks_(ranks) {}

distributed::ShardRange GradientSum::mine() const {
  return ranks_ == nullptr ? distributed::ShardRange{0, shards_}
                           : distributed::shards_of(ranks_->rank(), ranks_->size(), shards_);
}

// The gradient is zero outside of these ranges, on all ranks: nothing else is added or sent.
std::vector<float> GradientSum::packed() {
  const std::vector<Parameters::Range> ranges = parameters_.gradient_ranges();
  std::size_t size = 0;
  for (const Parameters::Range& range : ranges) size += range.size;
  std::vector<float> values = tree_.buffer(size);
  kernels::HostView<float> view;
  const std::span<const float> gradients = view.see(std::as_const(parameters_).gradients());
  float* to = values.data();
  for (const Parameters::Range& range : ranges)
    to = std::ranges::copy(gradients.subspan(range.offset, range.size), to).out;
  return values;
}

void GradientSum::unpack(std::span<const float> sum) {
  kernels::change_on_host(parameters_.gradients(), [&](std::span<float> gradients) {
    for (const Parameters::Range& range : parameters_.gradient_ranges()) {
      std::ranges::copy(sum.first(range.size), gradients.begin() + static_cast<std::ptrdiff_t>(range.offset));
      sum = sum.subspan(range.size);
    }
  });
}

// The losses of all shards; returns whether a rank is asked to stop.
bool GradientSum::share_losses(std::vector<double>& losses, bool stop) {
  if (ranks_ == nullptr) return stop;
  constexpr const char* kWhat = "the loss";
  std::vector<double> stops(static_cast<std::size_t>(ranks_->size()), stop ? 1 : 0);
  const auto part = [&](int rank) {
    const distributed::ShardRange range = distributed::shards_of(rank, ranks_->size(), shards_);
    return std::span(losses).subspan(static_cast<std::size_t>(range.first),
                                     static_cast<std::size_t>(range.end - range.first));
  };
  if (!ranks_->is_first()) {
    ranks_->send(0, std::as_bytes(part(ranks_->rank())));
    ranks_->send(0, std::as_bytes(std::span(stops).first(1)));
  } else {
    for (int rank = 1; rank < ranks_->size(); ++rank) {
      ranks_->receive(rank, std::as_writable_bytes(part(rank)));
      ranks_->receive(rank,
                      std::as_writable_bytes(std::span(stops).subspan(static_cast<std::size_t>(rank), 1)));
    }
  }
  ranks_->wait(kWhat);
  losses.push_back(*std::ranges::max_element(stops));
  ranks_->broadcast(distributed::writable_bytes_of(losses), kWhat);
  const bool stops_any = losses.back() > 0;
  losses.pop_back();
  return stops_any;
}

GradientSum::Sum GradientSum::add_up(std::span<const std::int32_t> word_rows, bool stop,
                                     const std::function<double(std::int64_t)>& gradient_of) {
  if (shards_ == 1) {
    parameters_.zero_grad();
    return {gradient_of(0), stop};
  }
  std::vector<double> losses(static_cast<std::size_t>(shards_));
  for (std::int64_t shard = mine().first; shard < mine().end; ++shard) {
    parameters_.zero_grad();
    parameters_.mark_rows(word_rows);
    losses[static_cast<std::size_t>(shard)] = gradient_of(shard);
    tree_.add({shard, 1}, packed());
  }
  const bool stops = share_losses(losses, stop);
  if (ranks_ == nullptr) {
    unpack(tree_.parts().front().values);
  } else {
    std::vector<float> sum = tree_.buffer(tree_.parts().front().values.size());
    distributed::sum_over_ranks(*ranks_, shards_, tree_.parts(), sum);
    unpack(sum);
    tree_.keep(std::move(sum));
  }
  tree_.clear();
  return {std::accumulate(losses.begin(), losses.end(), 0.0), stops};
}

}  // namespace bertune::train
