// The order in which an epoch visits the examples, and its cutting into batches.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace bertune::train {

// A permutation of 0..n-1 that is a function of n, seed and epoch only: a resumed run needs no saved state
// for it.
std::vector<std::int64_t> epoch_order(std::int64_t n, std::uint64_t seed, std::int64_t epoch);

// `order` cut into consecutive batches; the last one may be shorter. Views into `order`.
std::vector<std::span<const std::int64_t>> cut_batches(std::span<const std::int64_t> order,
                                                       std::int64_t batch_size);

// The same of rows that are several windows each: a batch has as many rows as make `batch_size` windows, or
// one row with more. Of rows of one window it is cut_batches().
std::vector<std::span<const std::int64_t>> cut_batches(
    std::span<const std::int64_t> order, std::int64_t batch_size,
    const std::function<std::int64_t(std::int64_t row)>& windows_of);

}  // namespace bertune::train
