// Intervals and tests for results on a few rows.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace bertune::insight {

struct Interval {
  double low = 0, high = 0;
};

inline constexpr double kNormal975 = 1.959963984540054;  // the 97.5th percentile of the normal distribution

// Wilson's 95% interval of a share (Wilson 1927); [0, 1] without rows.
Interval wilson(std::int64_t right, std::int64_t rows);

// The regularized incomplete beta function I_x(a, b), by its continued fraction (Lentz's algorithm).
double incomplete_beta(double a, double b, double x);

// Returns the share that is at least this with a probability of 1 - alpha, after `right` of `rows` (the lower
// bound of Clopper and Pearson 1934, one-sided). 0 without any right.
double lower_bound(std::int64_t right, std::int64_t rows, double alpha = 0.05);

// McNemar's test of two models on the same rows; `only_first` and `only_second`: rows that one alone gets
// right. Probabilities of at least such a difference by chance, two-sided: exact, and mid-p, which is less
// cautious (Fagerland, Lydersen, Laake 2013). Both are 1 without such rows.
struct McNemar {
  double exact = 1, mid_p = 1;
};
McNemar mcnemar(std::int64_t only_first, std::int64_t only_second);

double mean_of(std::span<const double> values);

struct Spread {
  double mean = 0, variance = 0;  // of a sample (n - 1)
};
Spread spread_of(std::span<const double> values);

// The mean of the differences of two results on the same rows, and its standard error.
struct MeanDifference {
  double mean = 0, standard_error = 0;
};
MeanDifference mean_difference(std::span<const double> one, std::span<const double> other);

// Returns the p-values adjusted for their number, in their order (Holm 1979).
std::vector<double> holm(std::span<const double> p_values);

// Numbers of each row whose sums over rows a metric is a function of: {right, 1} of accuracy, {support,
// predicted, correct} of F1. Where there are many sums and a row is in few of them (three of each class),
// `columns` say in which.
struct Contributions {
  std::size_t width = 1;                    // sums
  std::vector<double> values = {};          // [rows, entries]
  std::vector<std::uint32_t> columns = {};  // [rows, entries]; empty: a row is in every sum, in order
  std::size_t entries = width;              // of a row
  std::function<double(std::span<const double> sums)> metric = {};

  std::size_t rows() const { return values.size() / entries; }
  std::span<const double> row(std::size_t index) const {
    return std::span(values).subspan(index * entries, entries);
  }
  // Calls use(column, value) for the numbers of a row.
  template <typename Use>
  void for_each(std::size_t index, const Use& use) const {
    for (std::size_t i = index * entries; i < (index + 1) * entries; ++i)
      use(columns.empty() ? i - index * entries : columns[i], values[i]);
  }
  void add_to(std::span<double> sums, std::size_t index) const {
    for_each(index, [&](std::size_t column, double value) { sums[column] += value; });
  }
  // These rows alone, in this order.
  Contributions of(std::span<const std::size_t> rows) const;
  std::vector<double> sums() const;  // of all rows
  double value() const;              // of all rows
};

struct ResamplingOptions {
  std::int64_t resamples = 10'000;  // fewer where rows are so many that they would take minutes
  std::uint64_t seed = 42;
};

// Returns how many resamples are drawn for so many rows: at most 2e8 rows in all, and at least 1,000.
std::int64_t resamples_for(std::size_t rows, const ResamplingOptions& options);

// A metric with the 95% interval that rows drawn again give (percentiles of Efron's bootstrap).
struct Estimate {
  double value = 0, deviation = 0;  // deviation: standard error
  Interval interval = {};
};
Estimate bootstrap(const Contributions& rows, const ResamplingOptions& options = {});

// The same of the difference of two models on the same rows, second - first: both are resampled together.
Estimate paired_bootstrap(const Contributions& first, const Contributions& second,
                          const ResamplingOptions& options = {});

// Returns the two-sided p-value of the difference by swapping the models row by row at random:
// (1 + as large) / (1 + swaps).
double paired_permutation(const Contributions& first, const Contributions& second,
                          const ResamplingOptions& options = {});

}  // namespace bertune::insight
