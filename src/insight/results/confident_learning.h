// Confident learning: which given labels are probably wrong, by the probabilities of models that have not
// seen them (Northcutt, Jiang and Chuang 2021). Formulas and rounding are those of cleanlab 2.9; where it
// leaves an order to chance, items come in their own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "insight/results/statistics.h"

namespace bertune::insight {

// Items with their given labels, and the probability of each class.
struct JudgedLabels {
  std::int64_t classes = 0;
  std::vector<double> probabilities = {};  // [items, classes]
  std::vector<std::int32_t> labels = {};   // [items]

  std::int64_t items() const { return static_cast<std::int64_t>(labels.size()); }
  std::span<const double> of(std::int64_t item) const {
    return std::span(probabilities)
        .subspan(static_cast<std::size_t>(item * classes), static_cast<std::size_t>(classes));
  }
};

// Returns the mean probability of each class over the items with its label [classes]; 2 where there are none.
std::vector<double> confident_thresholds(const JudgedLabels& judged);

// Returns how many items with the first label probably have the second [classes, classes]: those whose
// probability reaches the threshold of a class (of several classes the most probable) are counted, and the
// counts of each given label are scaled to its items.
std::vector<std::int64_t> confident_joint(const JudgedLabels& judged);

// Returns which labels are probably wrong [items]: for each pair of labels as many as `joint` counts, those
// with the largest difference of both probabilities ("prune by noise rate"); without those whose given label
// is the most probable.
std::vector<bool> label_issues(const JudgedLabels& judged, std::span<const std::int64_t> joint);

// Returns the share of wrong labels in a joint, and its 95% interval: items drawn again, with thresholds of
// their own. The interval knows nothing of faults of the models.
struct ErrorRate {
  double value = 0;
  Interval interval = {};
};
ErrorRate error_rate(const JudgedLabels& judged, std::span<const std::int64_t> joint,
                     std::uint64_t seed = 42);

// Scores of how well a label fits, from 0 to 1: the less, the more suspicious.
struct LabelQuality {
  double self_confidence = 0;    // the probability of the given label
  double normalized_margin = 0;  // (that less the largest other one + 1) / 2
  double weighted_entropy = 0;   // ln(q + 1) / q, where q is the entropy (from 0 to 1) over self_confidence
};
LabelQuality label_quality(std::span<const double> probabilities, std::int32_t label);

}  // namespace bertune::insight
