#include "insight/results/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.h"
#include "core/random.h"
#include "core/random_streams.h"

namespace bertune::insight {
namespace {

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

// The continued fraction of the incomplete beta function, which converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300, kPrecise = 1e-16;
  constexpr int kTerms = 10'000;
  const auto safe = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / safe(1 - (a + b) * x / (a + 1)), fraction = d;
  for (int term = 1; term < kTerms; ++term) {
    const double m = term;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d), c = safe(1 + even / c), fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d), c = safe(1 + odd / c);
    const double change = d * c;
    fraction *= change;
    if (std::abs(change - 1) < kPrecise) break;
  }
  return fraction;
}

// Probability of exactly k of n with 1/2 each.
double half_binomial(std::int64_t k, std::int64_t n) {
  const auto x = static_cast<double>(k), all = static_cast<double>(n);
  return std::exp(std::lgamma(all + 1) - std::lgamma(x + 1) - std::lgamma(all - x + 1) - all * std::log(2.0));
}

std::uint32_t below(Random& random, std::size_t bound) {
  return static_cast<std::uint32_t>((std::uint64_t{random.next()} * bound) >> 32);
}

Estimate estimate_of(double value, std::vector<double>& drawn) {
  Estimate estimate{.value = value, .deviation = 0, .interval = {value, value}};
  if (drawn.size() < 2) return estimate;
  std::ranges::sort(drawn);
  const auto count = static_cast<double>(drawn.size());
  const double mean = std::reduce(drawn.begin(), drawn.end()) / count;
  double squares = 0;
  for (const double one : drawn) squares += (one - mean) * (one - mean);
  estimate.deviation = std::sqrt(squares / (count - 1));
  const auto at = [&](double share) {  // between the two values next to it, as numpy does
    const double place = share * (count - 1), whole = std::floor(place);
    const auto low = static_cast<std::size_t>(whole), high = std::min(low + 1, drawn.size() - 1);
    return drawn[low] + (place - whole) * (drawn[high] - drawn[low]);
  };
  estimate.interval = {at(0.025), at(0.975)};
  return estimate;
}

// The values of resamples: each is a function of its number, whatever the threads do.
template <typename Value>
std::vector<double> resampled(std::int64_t count, const Value& value) {
  std::vector<double> drawn(static_cast<std::size_t>(count));
  constexpr std::int64_t kAtATime = 16;
  parallel_for((count + kAtATime - 1) / kAtATime, [&](std::int64_t block) {
    for (std::int64_t i = block * kAtATime; i < std::min(count, (block + 1) * kAtATime); ++i)
      drawn[static_cast<std::size_t>(i)] = value(i);
  });
  return drawn;
}

}  // namespace

Interval wilson(std::int64_t right, std::int64_t rows) {
  if (rows <= 0) return {0, 1};
  const auto n = static_cast<double>(rows);
  const double share = static_cast<double>(right) / n, z2 = kNormal975 * kNormal975;
  const double center = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal975 / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {right == 0 ? 0 : std::max(0.0, center - half), right == rows ? 1 : std::min(1.0, center + half)};
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta(a, b));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double lower_bound(std::int64_t right, std::int64_t rows, double alpha) {
  if (right <= 0) return 0;
  // The share p at which `right` or more of `rows` have the probability alpha, which is I_p(right, rows -
  // right + 1).
  double low = 0, high = 1;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (low + high) / 2;
    const double tail =
        incomplete_beta(static_cast<double>(right), static_cast<double>(rows - right + 1), middle);
    (tail < alpha ? low : high) = middle;
  }
  return low;
}

McNemar mcnemar(std::int64_t only_first, std::int64_t only_second) {
  const std::int64_t discordant = only_first + only_second, fewer = std::min(only_first, only_second);
  if (discordant == 0) return {};
  double tail = 0;
  for (std::int64_t k = 0; k <= fewer; ++k) tail += half_binomial(k, discordant);
  const double exact = std::min(1.0, 2 * tail);
  // Equal numbers make exact 1 and mid-p 1 - pmf.
  return {exact, only_first == only_second ? 1 - half_binomial(fewer, discordant)
                                           : 2 * tail - half_binomial(fewer, discordant)};
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Spread spread_of(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  Spread spread;
  for (const double value : values) spread.mean += value / count;
  for (const double value : values)
    spread.variance += (value - spread.mean) * (value - spread.mean) / std::max(1.0, count - 1);
  return spread;
}

MeanDifference mean_difference(std::span<const double> one, std::span<const double> other) {
  const auto rows = static_cast<double>(one.size());
  MeanDifference difference{.mean = mean_of(one) - mean_of(other)};
  double squares = 0;
  for (std::size_t i = 0; i < one.size(); ++i) squares += std::pow(one[i] - other[i] - difference.mean, 2);
  difference.standard_error = std::sqrt(squares / std::max(1.0, rows - 1) / rows);
  return difference;
}

std::vector<double> holm(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const double factor = static_cast<double>(order.size() - place);
    largest = std::max(largest, std::min(1.0, factor * p_values[order[place]]));
    adjusted[order[place]] = largest;
  }
  return adjusted;
}

Contributions Contributions::of(std::span<const std::size_t> chosen) const {
  Contributions part{.width = width, .entries = entries, .metric = metric};
  for (const std::size_t index : chosen) {
    const std::span<const double> own = row(index);
    part.values.insert(part.values.end(), own.begin(), own.end());
    if (columns.empty()) continue;
    const std::span<const std::uint32_t> places = std::span(columns).subspan(index * entries, entries);
    part.columns.insert(part.columns.end(), places.begin(), places.end());
  }
  return part;
}

std::vector<double> Contributions::sums() const {
  std::vector<double> sums(width);
  for (std::size_t i = 0; i < rows(); ++i) add_to(sums, i);
  return sums;
}

double Contributions::value() const { return metric(sums()); }

std::int64_t resamples_for(std::size_t rows, const ResamplingOptions& options) {
  constexpr double kMost = 2e8;
  const auto affordable =
      static_cast<std::int64_t>(kMost / static_cast<double>(std::max<std::size_t>(rows, 1)));
  return std::min(options.resamples, std::max<std::int64_t>(affordable, 1000));
}

Estimate bootstrap(const Contributions& rows, const ResamplingOptions& options) {
  const std::size_t count = rows.rows();
  std::vector<double> drawn =
      resampled(count > 0 ? resamples_for(count, options) : 0, [&](std::int64_t number) {
        Random random = random_for(options.seed, kBootstrapStream, 0, static_cast<std::uint64_t>(number));
        std::vector<double> sums(rows.width);
        for (std::size_t i = 0; i < count; ++i) rows.add_to(sums, below(random, count));
        return rows.metric(sums);
      });
  return estimate_of(rows.value(), drawn);
}

Estimate paired_bootstrap(const Contributions& first, const Contributions& second,
                          const ResamplingOptions& options) {
  const std::size_t count = first.rows();
  std::vector<double> drawn =
      resampled(count > 0 ? resamples_for(count, options) : 0, [&](std::int64_t number) {
        Random random = random_for(options.seed, kBootstrapStream, 0, static_cast<std::uint64_t>(number));
        std::vector<double> sums(first.width), others(second.width);
        for (std::size_t i = 0; i < count; ++i) {
          const std::size_t row = below(random, count);
          first.add_to(sums, row), second.add_to(others, row);
        }
        return second.metric(others) - first.metric(sums);
      });
  return estimate_of(second.value() - first.value(), drawn);
}

double paired_permutation(const Contributions& first, const Contributions& second,
                          const ResamplingOptions& options) {
  const std::size_t count = first.rows();
  if (count == 0) return 1;
  constexpr double kSlack = 1e-12;  // equal differences differ by rounding
  const double observed = std::abs(second.value() - first.value()) - kSlack;
  const std::vector<double> drawn = resampled(resamples_for(count, options), [&](std::int64_t number) {
    Random random = random_for(options.seed, kPermutationStream, 0, static_cast<std::uint64_t>(number));
    std::vector<double> sums(first.width), others(second.width);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < count; ++i, bits >>= 1U) {
      if (i % 32 == 0) bits = random.next();
      const bool swap = (bits & 1U) != 0;
      (swap ? second : first).add_to(sums, i), (swap ? first : second).add_to(others, i);
    }
    return std::abs(second.metric(others) - first.metric(sums));
  });
  const auto as_large =
      std::ranges::count_if(drawn, [&](double difference) { return difference >= observed; });
  return static_cast<double>(1 + as_large) / static_cast<double>(1 + drawn.size());
}

}  // namespace bertune::insight
