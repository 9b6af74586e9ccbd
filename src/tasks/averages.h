// Precision, recall and F1 of a class, and their means over classes.
#pragma once

#include <cstdint>
#include <string>

#include "bertune/metrics.h"

namespace bertune::tasks {

inline double ratio(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

inline double count(std::int64_t number) { return static_cast<double>(number); }

inline ClassMetrics class_metrics(const std::string& label, std::int64_t support, std::int64_t predicted,
                                  std::int64_t correct) {
  ClassMetrics result{label, support, predicted, correct};
  result.precision = ratio(count(correct), count(predicted));
  result.recall = ratio(count(correct), count(support));
  result.f1 = ratio(2 * count(correct), count(support + predicted));
  return result;
}

// Means over classes, each with a weight.
struct Averages {
  double weights = 0, precision = 0, recall = 0, f1 = 0;

  void add(const ClassMetrics& metrics, double weight) {
    weights += weight;
    precision += weight * metrics.precision;
    recall += weight * metrics.recall;
    f1 += weight * metrics.f1;
  }
  double mean(double sum) const { return ratio(sum, weights); }
};

}  // namespace bertune::tasks
