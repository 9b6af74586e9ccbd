#include "train/batches.h"

#include <algorithm>
#include <numeric>

#include "bertune/error.h"
#include "core/random.h"
#include "core/random_streams.h"

namespace bertune::train {

std::vector<std::int64_t> epoch_order(std::int64_t n, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(std::max<std::int64_t>(n, 0)));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Random random(seed, kEpochOrderStream + static_cast<std::uint32_t>(epoch));
  random.shuffle(order);
  return order;
}

std::vector<std::span<const std::int64_t>> cut_batches(std::span<const std::int64_t> order,
                                                       std::int64_t batch_size) {
  return cut_batches(order, batch_size, [](std::int64_t /*row*/) { return std::int64_t{1}; });
}

std::vector<std::span<const std::int64_t>> cut_batches(
    std::span<const std::int64_t> order, std::int64_t batch_size,
    const std::function<std::int64_t(std::int64_t row)>& windows_of) {
  if (batch_size < 1) throw UsageError("the batch size must be at least 1");
  std::vector<std::span<const std::int64_t>> batches;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    std::int64_t windows = 0;
    for (; end < order.size(); ++end) {
      windows += windows_of(order[end]);
      if (windows > batch_size && end > begin) break;
    }
    batches.push_back(order.subspan(begin, end - begin));
  }
  return batches;
}

}  // namespace bertune::train
