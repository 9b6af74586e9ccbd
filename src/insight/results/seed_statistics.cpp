#include "insight/results/seed_statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace bertune::insight {
namespace {

// Returns what each row adds to the metric, up to a constant: its numbers times the metric's slope in their
// sums, times the rows. Of a mean that is the row's own value.
std::vector<double> parts_of_rows(const Contributions& metric) {
  std::vector<double> sums = metric.sums(), slope(metric.width);
  for (std::size_t i = 0; i < metric.width; ++i) {
    if (sums[i] == 0) continue;  // no row has a part there
    const double whole = sums[i], step = 1e-6 * std::abs(whole);
    sums[i] = whole + step;
    const double above = metric.metric(sums);
    sums[i] = whole - step;
    slope[i] = (above - metric.metric(sums)) / (2 * step);
    sums[i] = whole;
  }
  std::vector<double> parts;
  for (std::size_t row = 0; row < metric.rows(); ++row) {
    double part = 0;
    metric.for_each(row, [&](std::size_t column, double value) { part += slope[column] * value; });
    parts.push_back(part * static_cast<double>(metric.rows()));
  }
  return parts;
}

struct Group {
  Spread seeds;                   // of the metric over the seeds
  std::vector<double> rows = {};  // [rows]: the mean of a row's part over the seeds
  double both = 0;                // the part of the variance of the mean that is of seeds and rows together
  double count = 0;

  explicit Group(std::span<const Contributions> runs) : count(static_cast<double>(runs.size())) {
    std::vector<double> values;
    std::vector<std::vector<double>> parts;
    for (const Contributions& run : runs) values.push_back(run.value()), parts.push_back(parts_of_rows(run));
    seeds = spread_of(values);
    const auto size = static_cast<double>(runs[0].rows());
    for (std::size_t row = 0; row < runs[0].rows(); ++row) {
      for (std::size_t i = 0; i < parts.size(); ++i) values[i] = parts[i][row];
      const Spread of_row = spread_of(values);
      rows.push_back(of_row.mean);
      both += of_row.variance / count / (size * size);
    }
  }
};

}  // namespace

double student_tails(double t, double degrees) {
  return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

double student_quantile(double share, double degrees) {
  double low = 0, high = 1;
  while (1 - student_tails(high, degrees) / 2 < share && high < 1e6) high *= 2;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (low + high) / 2;
    (1 - student_tails(middle, degrees) / 2 < share ? low : high) = middle;
  }
  return low;
}

GroupDifference difference_of_groups(std::span<const Contributions> first,
                                     std::span<const Contributions> second) {
  const Group one(first), other(second);
  GroupDifference result{.first_value = one.seeds.mean,
                         .second_value = other.seeds.mean,
                         .first_deviation = std::sqrt(one.seeds.variance),
                         .second_deviation = std::sqrt(other.seeds.variance)};
  const auto rows = static_cast<double>(one.rows.size());
  std::vector<double> differences;
  for (std::size_t row = 0; row < one.rows.size(); ++row)
    differences.push_back(other.rows[row] - one.rows[row]);
  const double of_rows = spread_of(differences).variance / std::max(1.0, rows),
               of_first = one.seeds.variance / one.count, of_second = other.seeds.variance / other.count;
  const double variance =
      std::max({of_first + of_second + of_rows - one.both - other.both, of_first + of_second, of_rows});
  Estimate& difference = result.difference;
  difference.value = result.second_value - result.first_value;
  difference.deviation = std::sqrt(variance);
  difference.interval = {difference.value, difference.value};
  if (variance <= 0) {  // all runs say the same
    result.p_value = difference.value == 0 ? 1 : 0;
    return result;
  }
  const auto squared = [](double part, double degrees) { return part * part / std::max(1.0, degrees); };
  result.degrees =
      variance * variance /
      (squared(of_first, one.count - 1) + squared(of_second, other.count - 1) + squared(of_rows, rows - 1));
  const double half = student_quantile(0.975, result.degrees) * difference.deviation;
  difference.interval = {difference.value - half, difference.value + half};
  result.p_value = student_tails(difference.value / difference.deviation, result.degrees);
  result.smallest = half + student_quantile(0.8, result.degrees) * difference.deviation;
  return result;
}

}  // namespace bertune::insight
