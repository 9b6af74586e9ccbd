#include "insight/results/confident_learning.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace bertune::insight {
namespace {

constexpr double kNearlyEqual = 1e-6, kNever = 2;

std::size_t place(std::int64_t row, std::int64_t column, std::int64_t width) {
  return static_cast<std::size_t>(row * width + column);
}

// Thresholds of items that count `weights` times each; all once where there are none.
std::vector<double> thresholds_of(const JudgedLabels& judged, std::span<const std::int32_t> weights) {
  std::vector<double> sums(static_cast<std::size_t>(judged.classes)), counts(sums.size());
  for (std::int64_t item = 0; item < judged.items(); ++item) {
    const auto label = static_cast<std::size_t>(judged.labels[static_cast<std::size_t>(item)]);
    const double weight = weights.empty() ? 1 : weights[static_cast<std::size_t>(item)];
    sums[label] += weight * judged.of(item)[label], counts[label] += weight;
  }
  for (std::size_t label = 0; label < sums.size(); ++label)
    sums[label] = counts[label] > 0 ? std::max(sums[label] / counts[label], 2 * kNearlyEqual) : kNever;
  return sums;
}

// The class that an item confidently belongs to; -1: none.
std::int64_t confident_class(std::span<const double> probabilities, std::span<const double> thresholds) {
  std::int64_t first = -1, number = 0;
  for (std::size_t label = 0; label < probabilities.size(); ++label) {
    if (probabilities[label] < thresholds[label] - kNearlyEqual) continue;
    if (number++ == 0) first = static_cast<std::int64_t>(label);
  }
  return number > 1 ? std::ranges::max_element(probabilities) - probabilities.begin() : first;
}

// Counts before they are scaled. At least one item of each class is right.
std::vector<double> confident_counts(const JudgedLabels& judged, std::span<const std::int32_t> weights) {
  const std::vector<double> thresholds = thresholds_of(judged, weights);
  std::vector<double> counts(place(judged.classes, 0, judged.classes));
  for (std::int64_t item = 0; item < judged.items(); ++item) {
    const auto index = static_cast<std::size_t>(item);
    if (!weights.empty() && weights[index] == 0) continue;
    const std::int64_t probable = confident_class(judged.of(item), thresholds);
    if (probable >= 0)
      counts[place(judged.labels[index], probable, judged.classes)] += weights.empty() ? 1 : weights[index];
  }
  for (std::int64_t label = 0; label < judged.classes; ++label) {
    double& right = counts[place(label, label, judged.classes)];
    right = std::max(right, 1.0);
  }
  return counts;
}

std::vector<double> label_counts_of(const JudgedLabels& judged, std::span<const std::int32_t> weights) {
  std::vector<double> counts(static_cast<std::size_t>(judged.classes));
  for (std::size_t item = 0; item < judged.labels.size(); ++item)
    counts[static_cast<std::size_t>(judged.labels[item])] += weights.empty() ? 1 : weights[item];
  return counts;
}

// Rounds the numbers so that their sum stays: what differs most from its integer changes.
void round_together(std::span<double> numbers) {
  std::vector<double> whole, differences;
  for (const double number : numbers) whole.push_back(std::nearbyint(number));
  const double wanted = std::nearbyint(std::accumulate(numbers.begin(), numbers.end(), 0.0));
  double sum = std::accumulate(whole.begin(), whole.end(), 0.0);
  while (std::abs(sum - wanted) > kNearlyEqual) {
    const double step = wanted < sum ? -1 : 1;
    std::vector<std::size_t> order(whole.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return numbers[i] - whole[i]; });
    if (step > 0) std::ranges::reverse(order);
    const auto changes = std::min(order.size(), static_cast<std::size_t>(std::abs(wanted - sum)));
    for (std::size_t i = 0; i < changes; ++i) whole[order[i]] += step, sum += step;
  }
  std::ranges::copy(whole, numbers.begin());
}

// Sums in the order of NumPy, whose last digits decide how halves are rounded.
double pairwise_sum(std::span<const double> numbers) {
  constexpr std::size_t kBlock = 128, kLanes = 8;
  if (numbers.size() < kLanes) return std::accumulate(numbers.begin(), numbers.end(), 0.0);
  if (numbers.size() > kBlock) {
    std::size_t half = numbers.size() / 2;
    half -= half % kLanes;
    return pairwise_sum(numbers.first(half)) + pairwise_sum(numbers.subspan(half));
  }
  double lanes[kLanes];
  std::copy_n(numbers.begin(), kLanes, lanes);
  std::size_t i = kLanes;
  for (; i + kLanes <= numbers.size(); i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += numbers[i + lane];
  double sum =
      ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  for (; i < numbers.size(); ++i) sum += numbers[i];
  return sum;
}

// The pruned counts of a pair of labels: a class keeps an item at least, and others give way for it.
std::vector<std::int64_t> prune_counts(std::span<const std::int64_t> joint, std::int64_t classes) {
  std::vector<std::int64_t> counts(joint.begin(), joint.end());
  for (std::int64_t given = 0; given < classes; ++given) {
    const std::int64_t right = joint[place(given, given, classes)];
    if (right >= 1) continue;
    std::int64_t others = -1;
    for (std::int64_t other = 0; other < classes; ++other) others += joint[place(given, other, classes)] != 0;
    const double less =
        static_cast<double>(1 - right) / static_cast<double>(std::max<std::int64_t>(others, 1));
    for (std::int64_t other = 0; other < classes; ++other) {
      std::int64_t& count = counts[place(given, other, classes)];
      count =
          other == given ? 1 : static_cast<std::int64_t>(std::max(0.0, static_cast<double>(count) - less));
    }
  }
  return counts;
}

}  // namespace

std::vector<double> confident_thresholds(const JudgedLabels& judged) { return thresholds_of(judged, {}); }

std::vector<std::int64_t> confident_joint(const JudgedLabels& judged) {
  const std::int64_t classes = judged.classes;
  const std::vector<double> counts = confident_counts(judged, {}), labels = label_counts_of(judged, {});
  // The order is that of NumPy: by the probable class first.
  std::vector<double> scaled(counts.size());
  for (std::int64_t given = 0; given < classes; ++given) {
    double sum = 0;
    for (std::int64_t other = 0; other < classes; ++other) sum += counts[place(given, other, classes)];
    for (std::int64_t other = 0; other < classes; ++other)
      scaled[place(other, given, classes)] =
          counts[place(given, other, classes)] / sum * labels[static_cast<std::size_t>(given)];
  }
  const double sum = std::max(pairwise_sum(scaled), 1e-100);
  std::vector<std::int64_t> joint(counts.size());
  std::vector<double> row(static_cast<std::size_t>(classes));
  for (std::int64_t given = 0; given < classes; ++given) {
    for (std::int64_t other = 0; other < classes; ++other)
      row[static_cast<std::size_t>(other)] =
          scaled[place(other, given, classes)] / sum * static_cast<double>(judged.items());
    round_together(row);
    for (std::int64_t other = 0; other < classes; ++other)
      joint[place(given, other, classes)] = static_cast<std::int64_t>(row[static_cast<std::size_t>(other)]);
  }
  return joint;
}

std::vector<bool> label_issues(const JudgedLabels& judged, std::span<const std::int64_t> joint) {
  const std::int64_t classes = judged.classes;
  const std::vector<std::int64_t> counts = prune_counts(joint, classes);
  std::vector<std::vector<std::int64_t>> items(static_cast<std::size_t>(classes));
  for (std::int64_t item = 0; item < judged.items(); ++item)
    items[static_cast<std::size_t>(judged.labels[static_cast<std::size_t>(item)])].push_back(item);
  std::vector<bool> issues(judged.labels.size());
  for (std::int64_t given = 0; given < classes; ++given) {
    const std::vector<std::int64_t>& own = items[static_cast<std::size_t>(given)];
    if (own.size() < 2) continue;  // a class keeps an item
    for (std::int64_t other = 0; other < classes; ++other) {
      const std::int64_t wrong = counts[place(given, other, classes)];
      if (other == given || wrong <= 0) continue;
      std::vector<std::int64_t> order = own;
      std::ranges::stable_sort(order, {}, [&](std::int64_t item) {
        const auto p = judged.of(item);
        return p[static_cast<std::size_t>(given)] - p[static_cast<std::size_t>(other)];
      });
      for (std::size_t i = 0; i < order.size() && static_cast<std::int64_t>(i) < wrong; ++i)
        issues[static_cast<std::size_t>(order[i])] = true;
    }
  }
  for (std::int64_t item = 0; item < judged.items(); ++item) {
    const auto p = judged.of(item);
    const auto label = static_cast<std::size_t>(judged.labels[static_cast<std::size_t>(item)]);
    // The first of equal ones is the most probable; the given label wins where it is nearly so.
    bool is_best = true;
    for (std::size_t other = 0; other < p.size(); ++other) {
      const double own = p[label] + kNearlyEqual;
      if (other < label ? p[other] >= own : other > label && p[other] > own) is_best = false;
    }
    if (is_best) issues[static_cast<std::size_t>(item)] = false;
  }
  return issues;
}

ErrorRate error_rate(const JudgedLabels& judged, std::span<const std::int64_t> joint, std::uint64_t seed) {
  constexpr std::uint32_t kStream = 0x4E;
  constexpr double kMostSteps = 1e8;
  const auto rows = static_cast<double>(judged.items()), classes = static_cast<double>(judged.classes);
  ErrorRate rate;
  if (judged.items() == 0) return rate;
  double right = 0, all = 0;
  for (std::size_t i = 0; i < joint.size(); ++i) {
    all += static_cast<double>(joint[i]);
    if (i % static_cast<std::size_t>(judged.classes + 1) == 0) right += static_cast<double>(joint[i]);
  }
  rate.value = all > 0 ? 1 - right / all : 0;
  const auto draws = static_cast<std::size_t>(std::clamp(kMostSteps / (rows * classes), 40.0, 400.0));
  Random random(seed, kStream);
  std::vector<double> rates;
  std::vector<std::int32_t> weights(judged.labels.size());
  for (std::size_t draw = 0; draw < draws; ++draw) {
    std::ranges::fill(weights, 0);
    for (std::size_t i = 0; i < weights.size(); ++i) ++weights[random.below(weights.size())];
    const std::vector<double> counts = confident_counts(judged, weights),
                              labels = label_counts_of(judged, weights);
    double wrong = 0;
    for (std::int64_t given = 0; given < judged.classes; ++given) {
      double sum = 0;
      for (std::int64_t other = 0; other < judged.classes; ++other)
        sum += counts[place(given, other, judged.classes)];
      wrong +=
          labels[static_cast<std::size_t>(given)] * (1 - counts[place(given, given, judged.classes)] / sum);
    }
    rates.push_back(wrong / rows);
  }
  std::ranges::sort(rates);
  rate.interval = {rates[draws / 40], rates[draws - 1 - draws / 40]};
  rate.interval.low = std::min(rate.interval.low, rate.value);
  rate.interval.high = std::max(rate.interval.high, rate.value);
  return rate;
}

LabelQuality label_quality(std::span<const double> probabilities, std::int32_t label) {
  constexpr double kLeast = 1e-6;
  LabelQuality quality;
  double other = 0, entropy = 0;
  const double width = static_cast<double>(probabilities.size());
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (i != static_cast<std::size_t>(label)) other = std::max(other, probabilities[i]);
    if (probabilities[i] > 0) entropy -= probabilities[i] * std::log(probabilities[i]) / std::log(width);
  }
  quality.self_confidence = probabilities[static_cast<std::size_t>(label)];
  quality.normalized_margin = (quality.self_confidence - other + 1) / 2;
  const double q = entropy / std::max(quality.self_confidence, kLeast);
  quality.weighted_entropy = std::log1p(q) / std::max(q, kLeast);
  return quality;
}

}  // namespace bertune::insight
