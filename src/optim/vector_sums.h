// Sums over whole vectors in blocks of fixed borders, added up in order: the same for any number of threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.h"

namespace bertune::optim {

namespace detail {

constexpr std::int64_t kVectorBlock = 16384;

// term(i) of each i below size, joined within a block and then over the blocks.
template <typename Term, typename Join>
double joined(std::size_t size, const Term& term, const Join& join) {
  const auto count = static_cast<std::int64_t>(size);
  std::vector<double> partial(static_cast<std::size_t>(block_count(count, kVectorBlock)));
  parallel_for(static_cast<std::int64_t>(partial.size()), [&](std::int64_t block) {
    double own = 0;
    const std::int64_t end = std::min(count, (block + 1) * kVectorBlock);
    for (std::int64_t i = block * kVectorBlock; i < end; ++i)
      own = join(own, static_cast<double>(term(static_cast<std::size_t>(i))));
    partial[static_cast<std::size_t>(block)] = own;
  });
  double total = 0;
  for (const double own : partial) total = join(total, own);
  return total;
}

}  // namespace detail

template <typename Real>
double dot(std::span<const Real> a, std::span<const Real> b) {
  return detail::joined(
      a.size(), [&](std::size_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); },
      [](double x, double y) { return x + y; });
}

template <typename Real>
double sum_of_magnitudes(std::span<const Real> a) {
  return detail::joined(
      a.size(), [&](std::size_t i) { return std::abs(a[i]); }, [](double x, double y) { return x + y; });
}

// Infinity where there is a number that is none, so that no search takes it for small.
template <typename Real>
double largest_magnitude(std::span<const Real> a) {
  return detail::joined(
      a.size(),
      [&](std::size_t i) { return std::isnan(a[i]) ? HUGE_VAL : std::abs(static_cast<double>(a[i])); },
      [](double x, double y) { return std::max(x, y); });
}

// y = a * x + b * y
template <typename Real>
void combine(Real a, std::span<const Real> x, Real b, std::span<Real> y) {
  const auto count = static_cast<std::int64_t>(x.size());
  parallel_for(block_count(count, detail::kVectorBlock), [&](std::int64_t block) {
    const auto end = static_cast<std::size_t>(std::min(count, (block + 1) * detail::kVectorBlock));
    for (auto i = static_cast<std::size_t>(block * detail::kVectorBlock); i < end; ++i)
      y[i] = a * x[i] + b * y[i];
  });
}

}  // namespace bertune::optim
