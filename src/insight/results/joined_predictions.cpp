#include "insight/results/joined_predictions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "bertune/error.h"
#include "tasks/softmax.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;

constexpr double kLeast = 1e-12;  // a probability whose logarithm is not taken lower

std::vector<double> probabilities(std::span<const float> logits, bool are_classes) {
  std::vector<double> all;
  if (are_classes) {
    const tasks::Softmax softmax(logits);
    for (const float logit : logits) all.push_back(softmax.probability(logit));
  } else {
    for (const float logit : logits) all.push_back(1 / (1 + std::exp(-double{logit})));
  }
  return all;
}

double logit_of(double probability, bool is_of_classes) {
  const double p = std::clamp(probability, kLeast, 1 - kLeast);
  return is_of_classes ? std::log(p) : std::log(p / (1 - p));
}

const PredictedSet& set_of(const PredictionTable& table, std::string_view name) {
  const PredictedSet* set = table.find(name);
  if (set == nullptr) throw Error(fmt::format("there are no predictions of a set \"{}\"", name));
  return *set;
}

void require_same_rows(const PredictionTable& first, const PredictionTable& second, std::string_view set) {
  const PredictedSet &one = set_of(first, set), &other = set_of(second, set);
  if (first.form.labels == second.form.labels && one.begins == other.begins && one.truth == other.truth &&
      one.logits.size() == other.logits.size() &&
      std::ranges::equal(one.rows, other.rows, {}, &PredictedRow::hash, &PredictedRow::hash))
    return;
  throw Error(fmt::format("predictions of the set \"{}\" are not of the same rows and labels", set));
}

}  // namespace

PredictionTable joined(const PredictionTable& first, const PredictionTable& second, std::string_view set) {
  require_same_rows(first, second, set);
  PredictionTable table{.task = first.task, .form = first.form, .sets = {set_of(first, set)}};
  PredictedSet& mean = table.sets.front();
  const PredictedSet& other = set_of(second, set);
  const Outcome outcome = first.form.outcome;
  if (outcome == Outcome::numbers) {
    for (std::size_t i = 0; i < mean.logits.size(); ++i)
      mean.logits[i] = (mean.logits[i] + other.logits[i]) / 2;
    return table;
  }
  const bool are_classes = outcome != Outcome::labels;
  const auto width = static_cast<std::size_t>(first.form.width);
  for (std::size_t begin = 0; begin < mean.logits.size(); begin += width) {
    const std::span<float> own = std::span(mean.logits).subspan(begin, width);
    const std::vector<double> one = probabilities(own, are_classes),
                              two = probabilities(std::span(other.logits).subspan(begin, width), are_classes);
    for (std::size_t i = 0; i < width; ++i)
      own[i] = static_cast<float>(logit_of((one[i] + two[i]) / 2, are_classes));
  }
  return table;
}

}  // namespace bertune::insight
