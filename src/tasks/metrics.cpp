#include "bertune/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bertune/error.h"
#include "tasks/averages.h"
#include "tasks/softmax.h"

namespace bertune {
namespace {

using tasks::Averages, tasks::class_metrics, tasks::count, tasks::ratio, tasks::Softmax;

double sigmoid(double logit) {
  const double small = std::exp(-std::abs(logit));
  return logit >= 0 ? 1 / (1 + small) : small / (1 + small);
}

// Gorodkin's R_K, which for two classes is Matthews' coefficient. In double: the products exceed 64 bits.
double matthews_correlation(const std::vector<ClassMetrics>& classes, std::int64_t rows) {
  double correct = 0, both = 0, predicted = 0, support = 0;
  for (const ClassMetrics& one : classes) {
    correct += count(one.correct);
    both += count(one.support) * count(one.predicted);
    predicted += count(one.predicted) * count(one.predicted);
    support += count(one.support) * count(one.support);
  }
  const double all = count(rows) * count(rows);
  const double scale = (all - predicted) * (all - support);
  return scale > 0 ? (correct * count(rows) - both) / std::sqrt(scale) : 0.0;
}

void add_label_values(Metrics& metrics, std::int64_t exact) {
  Averages macro;
  ClassMetrics micro;
  for (const ClassMetrics& one : metrics.classes) {
    macro.add(one, 1);  // of label indicators, scikit-learn averages every column
    micro.support += one.support;
    micro.predicted += one.predicted;
    micro.correct += one.correct;
  }
  micro = class_metrics("", micro.support, micro.predicted, micro.correct);
  metrics.values.emplace_back("accuracy", ratio(count(exact), count(metrics.rows)));
  metrics.values.emplace_back("f1_micro", micro.f1);
  metrics.values.emplace_back("f1_macro", macro.mean(macro.f1));
  metrics.values.emplace_back("precision_micro", micro.precision);
  metrics.values.emplace_back("recall_micro", micro.recall);
}

// The threshold in whole percent with the highest F1 over all labels; of equals the one nearest to 50 %.
void add_best_threshold(Metrics& metrics, const std::vector<std::int64_t>& counts,
                        const std::vector<std::int64_t>& true_counts) {
  const double support = count(std::reduce(true_counts.begin(), true_counts.end()));
  double predicted = 0, correct = 0, best_f1 = -1;
  std::size_t best = 50;
  const auto from_half = [](std::size_t percent) { return percent > 50 ? percent - 50 : 50 - percent; };
  for (std::size_t percent = counts.size(); percent-- > 1;) {
    predicted += count(counts[percent]), correct += count(true_counts[percent]);
    const double f1 = ratio(2 * correct, predicted + support);
    if (f1 > best_f1 || (f1 == best_f1 && from_half(percent) < from_half(best))) best_f1 = f1, best = percent;
  }
  metrics.values.emplace_back("best_f1_micro", best_f1);
  metrics.values.emplace_back("best_threshold", static_cast<double>(best) / 100);
}

// Pearson's coefficient; 0 where one side is constant.
double correlation(const std::vector<double>& left, const std::vector<double>& right) {
  const auto constant = [](const std::vector<double>& numbers) {
    // The comparison is by value: rounding of the mean may leave a constant a tiny variance.
    return std::adjacent_find(numbers.begin(), numbers.end(), std::not_equal_to<>()) == numbers.end();
  };
  if (left.size() < 2 || constant(left) || constant(right)) return 0;
  const double rows = static_cast<double>(left.size());
  const double left_mean = std::reduce(left.begin(), left.end()) / rows;
  const double right_mean = std::reduce(right.begin(), right.end()) / rows;
  double product = 0, left_square = 0, right_square = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const double x = left[i] - left_mean, y = right[i] - right_mean;
    product += x * y;
    left_square += x * x;
    right_square += y * y;
  }
  const double value = product / (std::sqrt(left_square) * std::sqrt(right_square));
  return std::isnan(value) ? value : std::clamp(value, -1.0, 1.0);
}

// Places from 1 in ascending order; equal numbers share the mean of theirs.
std::vector<double> ranks(const std::vector<double>& numbers) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return numbers[a] < numbers[b]; });
  std::vector<double> result(numbers.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && numbers[order[end]] == numbers[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) result[order[i]] = 0.5 * static_cast<double>(begin + end + 1);
    begin = end;
  }
  return result;
}

double spearman(const std::vector<double>& left, const std::vector<double>& right) {
  const auto is_nan = [](double number) { return std::isnan(number); };
  // NaN has no place in an order (sorting with it would be undefined behavior).
  if (std::any_of(left.begin(), left.end(), is_nan) || std::any_of(right.begin(), right.end(), is_nan)) {
    return std::nan("");
  }
  return correlation(ranks(left), ranks(right));
}

void add_number_values(Metrics& metrics, std::span<const float> outputs, std::span<const float> targets,
                       std::size_t width) {
  double squares = 0, distances = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const double distance = static_cast<double>(outputs[i]) - targets[i];
    squares += distance * distance;
    distances += std::abs(distance);
  }
  double pearson = 0, rank_correlation = 0;
  for (std::size_t column = 0; column < width; ++column) {
    std::vector<double> output, target;
    for (std::size_t i = column; i < outputs.size(); i += width) {
      output.push_back(outputs[i]);
      target.push_back(targets[i]);
    }
    pearson += correlation(output, target);
    rank_correlation += spearman(output, target);
  }
  const double numbers = static_cast<double>(outputs.size()), columns = static_cast<double>(width);
  metrics.values.emplace_back("mse", ratio(squares, numbers));
  metrics.values.emplace_back("rmse", std::sqrt(ratio(squares, numbers)));
  metrics.values.emplace_back("mae", ratio(distances, numbers));
  metrics.values.emplace_back("pearson", ratio(pearson, columns));
  metrics.values.emplace_back("spearmanr", ratio(rank_correlation, columns));
}

std::string bare_name(const std::string& metric) {
  for (const std::string_view prefix : {"eval_", "test_"}) {
    if (metric.starts_with(prefix)) return metric.substr(prefix.size());
  }
  return metric;
}

}  // namespace

void add_class_values(Metrics& metrics) {
  Averages macro, weighted;
  std::int64_t correct = 0;
  for (const ClassMetrics& one : metrics.classes) {
    correct += one.correct;
    weighted.add(one, count(one.support));
    // scikit-learn takes its labels from the data: one that neither side has is no part of the mean.
    if (one.support > 0 || one.predicted > 0) macro.add(one, 1);
  }
  metrics.values.emplace_back("accuracy", ratio(count(correct), count(metrics.rows)));
  if (metrics.classes.size() == 2) metrics.values.emplace_back("f1", metrics.classes[1].f1);
  metrics.values.emplace_back("f1_macro", macro.mean(macro.f1));
  metrics.values.emplace_back("f1_weighted", weighted.mean(weighted.f1));
  metrics.values.emplace_back("precision_macro", macro.mean(macro.precision));
  metrics.values.emplace_back("recall_macro", macro.mean(macro.recall));
  metrics.values.emplace_back("matthews_correlation", matthews_correlation(metrics.classes, metrics.rows));
}

double Metrics::value(const std::string& name) const {
  const std::string bare = bare_name(name);
  std::string known;
  for (const auto& [key, number] : values) {
    if (key == bare) return number;
    known += (known.empty() ? "" : ", ") + key;
  }
  throw Error(fmt::format("there is no metric \"{}\" here; there are: {}", name, known));
}

std::string default_metric(ProblemType type) {
  switch (type) {
    case ProblemType::single_label_classification:
      return "accuracy";
    case ProblemType::multi_label_classification:
      return "f1_micro";
    case ProblemType::regression:
      return "mse";
  }
  return "loss";
}

bool greater_is_better(const std::string& metric) {
  const std::string bare = bare_name(metric);
  return !bare.ends_with("loss") && bare != "mse" && bare != "rmse" && bare != "mae" && bare != "perplexity";
}

std::vector<double> probabilities(ProblemType type, std::span<const float> logits) {
  std::vector<double> result(logits.begin(), logits.end());
  if (type == ProblemType::multi_label_classification) {
    for (double& value : result) value = sigmoid(value);
  } else if (type == ProblemType::single_label_classification && !result.empty()) {
    const Softmax softmax(logits);
    for (double& value : result) value = softmax.probability(value);
  }
  return result;
}

MetricsAccumulator::MetricsAccumulator(ProblemType type, std::vector<std::string> id2label, double threshold)
    : type_(type), id2label_(std::move(id2label)), threshold_(threshold) {
  const std::size_t labels = id2label_.size();
  if (labels == 0) throw Error("metrics need at least one label");
  if (type_ == ProblemType::regression) return;
  support_.resize(labels), predicted_.resize(labels), correct_.resize(labels);
  if (type_ == ProblemType::single_label_classification && labels <= kMaxConfusionClasses) {
    confusion_.resize(labels * labels);
  }
  if (type_ == ProblemType::multi_label_classification)
    probability_counts_.resize(100), true_counts_.resize(100);
}

void MetricsAccumulator::check_logits(std::span<const float> logits) const {
  if (logits.size() == id2label_.size()) return;
  throw Error(
      fmt::format("metrics: a row has {} logits, but there are {} labels", logits.size(), id2label_.size()));
}

void MetricsAccumulator::add(std::span<const float> logits, std::int32_t label) {
  if (type_ != ProblemType::single_label_classification) {
    throw Error("metrics: a class id was given where each row has targets");
  }
  check_logits(logits);
  if (label == kIgnoredLabel) return;
  const std::size_t labels = id2label_.size(), truth = static_cast<std::size_t>(label);
  if (label < 0 || truth >= labels) {
    throw Error(fmt::format("metrics: the class id {} is not in 0 .. {}", label, labels - 1));
  }
  const auto predicted =
      static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  loss_sum_ += Softmax(logits).loss(logits[truth]);
  ++rows_;
  ++support_[truth];
  ++predicted_[predicted];
  if (predicted == truth) ++correct_[truth];
  if (!confusion_.empty()) ++confusion_[truth * labels + predicted];
}

void MetricsAccumulator::add(std::span<const float> logits, std::span<const float> targets) {
  if (type_ == ProblemType::single_label_classification) {
    throw Error("metrics: targets were given where each row has a class id");
  }
  check_logits(logits);
  if (targets.size() != logits.size()) {
    throw Error(fmt::format("metrics: a row has {} targets for {} logits", targets.size(), logits.size()));
  }
  ++rows_;
  if (type_ == ProblemType::regression) {
    add_numbers(logits, targets);
  } else {
    add_labels(logits, targets);
  }
}

void MetricsAccumulator::add_labels(std::span<const float> logits, std::span<const float> targets) {
  double loss = 0;
  bool all_right = true;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double logit = logits[i];
    loss += std::max(logit, 0.0) - logit * targets[i] + std::log1p(std::exp(-std::abs(logit)));
    const double probability = sigmoid(logit);
    const bool truth = targets[i] > 0.5F, predicted = probability > threshold_;
    const double above = std::ceil(100 * probability) - 1;  // NaN is below everything
    const auto percent = static_cast<std::size_t>(above > 0 ? std::min(above, 99.0) : 0.0);
    ++probability_counts_[percent];
    true_counts_[percent] += truth ? 1 : 0;
    support_[i] += truth ? 1 : 0;
    predicted_[i] += predicted ? 1 : 0;
    correct_[i] += truth && predicted ? 1 : 0;
    all_right = all_right && truth == predicted;
  }
  loss_sum_ += loss / static_cast<double>(logits.size());
  exact_ += all_right ? 1 : 0;
}

void MetricsAccumulator::add_numbers(std::span<const float> logits, std::span<const float> targets) {
  double loss = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double distance = static_cast<double>(logits[i]) - targets[i];
    loss += distance * distance;
  }
  loss_sum_ += loss / static_cast<double>(logits.size());
  outputs_.insert(outputs_.end(), logits.begin(), logits.end());
  targets_.insert(targets_.end(), targets.begin(), targets.end());
}

Metrics MetricsAccumulator::result() const {
  Metrics metrics;
  metrics.rows = rows_;
  if (type_ == ProblemType::multi_label_classification)
    metrics.note = "a row is right when all its labels are";
  if (type_ == ProblemType::regression) metrics.headline = {"mae", "pearson", "spearmanr"};
  metrics.values.emplace_back("loss", rows_ > 0 ? loss_sum_ / count(rows_) : 0.0);
  if (type_ == ProblemType::regression) {
    add_number_values(metrics, outputs_, targets_, id2label_.size());
    return metrics;
  }
  for (std::size_t i = 0; i < id2label_.size(); ++i) {
    metrics.classes.push_back(class_metrics(id2label_[i], support_[i], predicted_[i], correct_[i]));
  }
  metrics.confusion = confusion_;
  if (type_ == ProblemType::single_label_classification) {
    add_class_values(metrics);
  } else {
    add_label_values(metrics, exact_);
    add_best_threshold(metrics, probability_counts_, true_counts_);
  }
  return metrics;
}

}  // namespace bertune
