// The metrics of rows, as sums of numbers that each row has.
#include <algorithm>
#include <cmath>
#include <functional>

#include "insight/results/entity_counts.h"
#include "insight/results/outcomes.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

double mean_of(std::span<const double> sums) { return ratio(sums[0], sums[1]); }

// Sums: rows or entities that are there, that were predicted, that are both.
double f1_of(std::span<const double> sums) { return ratio(2 * sums[2], sums[0] + sums[1]); }

// Sums of three a class.
double macro_f1_of(std::span<const double> sums) {
  double f1 = 0, classes = 0;
  for (std::size_t i = 0; i + 2 < sums.size(); i += 3) {
    if (sums[i] + sums[i + 1] == 0)
      continue;  // as in bertune/metrics.h: one that neither side has is no part of it
    f1 += f1_of(sums.subspan(i, 3));
    ++classes;
  }
  return ratio(f1, classes);
}

// Sums: rows, x, y, x², y², xy. 0 where one side is constant.
double pearson_of(std::span<const double> sums) {
  const double n = sums[0];
  const double x = n * sums[3] - sums[1] * sums[1], y = n * sums[4] - sums[2] * sums[2];
  return x > 1e-12 && y > 1e-12 ? (n * sums[5] - sums[1] * sums[2]) / std::sqrt(x * y) : 0;
}

RowMetric share(std::string name, std::size_t rows, const std::function<double(std::size_t)>& value,
                bool is_share = true) {
  RowMetric metric{.name = std::move(name), .is_share = is_share};
  metric.rows = {.width = 2, .metric = mean_of};
  for (std::size_t row = 0; row < rows; ++row) {
    metric.rows.values.push_back(value(row));
    metric.rows.values.push_back(1);
  }
  return metric;
}

std::vector<RowMetric> class_metrics(const PredictionTable& table, const PredictedSet& set) {
  const std::vector<ClassResult> results = class_results(table, set);
  std::vector<RowMetric> metrics;
  metrics.push_back(
      share("accuracy", results.size(), [&](std::size_t row) { return results[row].right() ? 1 : 0; }));
  if (table.form.outcome == Outcome::choices) return metrics;
  RowMetric macro{.name = "f1_macro"};
  macro.rows = {.width = static_cast<std::size_t>(3 * table.form.width), .entries = 3, .metric = macro_f1_of};
  for (const ClassResult& one : results) {
    const auto label = static_cast<std::uint32_t>(3 * one.label),
               predicted = static_cast<std::uint32_t>(3 * one.predicted);
    macro.rows.columns.insert(macro.rows.columns.end(), {label, predicted + 1, label + 2});
    macro.rows.values.insert(macro.rows.values.end(), {1, 1, one.right() ? 1.0 : 0.0});
  }
  metrics.push_back(std::move(macro));
  return metrics;
}

std::vector<RowMetric> label_metrics(const PredictionTable& table, const PredictedSet& set) {
  const std::vector<double> probabilities = label_probabilities(set);
  const auto width = static_cast<std::size_t>(table.form.width);
  RowMetric micro{.name = "f1_micro"};
  micro.rows = {.width = 3, .metric = f1_of};
  std::vector<double> exact;
  for (std::size_t row = 0; row < set.rows.size(); ++row) {
    double there = 0, said = 0, both = 0;
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) {
      const bool truth = set.truth[i] > 0.5F, predicted = probabilities[i] > table.form.threshold;
      there += truth ? 1 : 0, said += predicted ? 1 : 0, both += truth && predicted ? 1 : 0;
    }
    micro.rows.values.insert(micro.rows.values.end(), {there, said, both});
    exact.push_back(there == both && said == both ? 1 : 0);
  }
  std::vector<RowMetric> metrics{std::move(micro)};
  metrics.push_back(share("accuracy", exact.size(), [&](std::size_t row) { return exact[row]; }));
  return metrics;
}

// Returns the metrics of numbers, and of cosines, which have one logit and one truth a row.
std::vector<RowMetric> number_metrics(const PredictedSet& set, std::size_t width, bool pearson_first) {
  const auto error = [&](std::size_t row, const auto& of) {
    double sum = 0;
    for (std::size_t i = row * width; i < (row + 1) * width; ++i)
      sum += of(static_cast<double>(set.logits[i]) - set.truth[i]);
    return sum / static_cast<double>(width);
  };
  const auto absolute = [](double distance) { return std::abs(distance); };
  const auto square = [](double distance) { return distance * distance; };
  std::vector<RowMetric> metrics;
  const auto rows = set.rows.size();
  metrics.push_back(share(
      "mae", rows, [&](std::size_t row) { return error(row, absolute); }, false));
  metrics.push_back(share(
      "rmse", rows, [&](std::size_t row) { return error(row, square); }, false));
  metrics.back().rows.metric = [](std::span<const double> sums) { return std::sqrt(mean_of(sums)); };
  metrics[0].greater_is_better = metrics[1].greater_is_better = false;
  if (width > 1) return metrics;
  RowMetric pearson{.name = "pearson"};
  pearson.rows = {.width = 6, .metric = pearson_of};
  for (std::size_t row = 0; row < rows; ++row) {
    const double x = set.logits[row], y = set.truth[row];
    pearson.rows.values.insert(pearson.rows.values.end(), {1, x, y, x * x, y * y, x * y});
  }
  metrics.insert(pearson_first ? metrics.begin() : metrics.end(), std::move(pearson));
  return metrics;
}

std::vector<RowMetric> tag_metrics(const PredictionTable& table, const PredictedSet& set) {
  const std::vector<ClassResult> results = class_results(table, set);
  RowMetric accuracy{.name = "accuracy"};
  accuracy.rows = {.width = 2, .metric = mean_of};
  RowMetric f1{.name = "f1"};
  f1.rows = {.width = 3, .metric = f1_of};
  const data::TagScheme scheme = scheme_named(table.form.scheme);
  for (std::size_t row = 0; row < set.rows.size(); ++row) {
    double right = 0;
    const auto begin = static_cast<std::size_t>(set.begins[row]),
               end = static_cast<std::size_t>(set.begins[row + 1]);
    for (std::size_t at = begin; at < end; ++at) right += results[at].right() ? 1 : 0;
    accuracy.rows.values.insert(accuracy.rows.values.end(), {right, static_cast<double>(end - begin)});
    if (scheme == data::TagScheme::none) continue;
    double there = 0, said = 0, both = 0;
    for_each_entity(tags_of(table, set, row, results), scheme,
                    [&](const data::Entity&, bool is_there, bool is_said) {
                      there += is_there ? 1 : 0, said += is_said ? 1 : 0, both += is_there && is_said ? 1 : 0;
                    });
    f1.rows.values.insert(f1.rows.values.end(), {there, said, both});
  }
  std::vector<RowMetric> metrics;
  if (scheme != data::TagScheme::none) metrics.push_back(std::move(f1));
  metrics.push_back(std::move(accuracy));
  return metrics;
}

std::vector<RowMetric> answer_metrics(const PredictedSet& set) {
  const auto of = [&](const char* key) {
    return [&set, key](std::size_t row) { return set.rows[row].more.value(key, 0.0); };
  };
  std::vector<RowMetric> metrics;
  metrics.push_back(share("f1", set.rows.size(), of("f1"), false));
  metrics.push_back(share("exact_match", set.rows.size(), of("exact")));
  return metrics;
}

}  // namespace

std::vector<RowMetric> metrics_of(const PredictionTable& table, const PredictedSet& set) {
  switch (table.form.outcome) {
    case Outcome::classes:
    case Outcome::choices:
      return class_metrics(table, set);
    case Outcome::labels:
      return label_metrics(table, set);
    case Outcome::numbers:
      return number_metrics(set, static_cast<std::size_t>(table.form.width), false);
    case Outcome::cosines:
      return number_metrics(set, 1, true);
    case Outcome::tags:
      return tag_metrics(table, set);
    case Outcome::answers:
      return answer_metrics(set);
    case Outcome::partners:
      break;
  }
  std::vector<RowMetric> metrics;
  metrics.push_back(share("accuracy", set.rows.size(),
                          [&](std::size_t row) { return set.rows[row].more.value("rank", 0) == 1 ? 1 : 0; }));
  return metrics;
}

}  // namespace bertune::insight
