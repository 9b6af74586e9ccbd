#include "insight/data/linear_targets.h"

#include <algorithm>
#include <cmath>

#include "insight/data/linear_model.h"

namespace bertune::insight {

using tasks::Outcome;

Targets targets_of(const tasks::text_classification::LabelledSets& sets) {
  Targets targets{.width = static_cast<std::int32_t>(sets.labels.size()),
                  .ids = sets.train.ids,
                  .values = sets.train.targets};
  targets.outcome = sets.problem_type == ProblemType::regression                   ? Outcome::numbers
                    : sets.problem_type == ProblemType::multi_label_classification ? Outcome::labels
                                                                                   : Outcome::classes;
  return targets;
}

std::vector<double> logits_of(const Targets& targets, const SparseRows& learned, const SparseRows& asked,
                              std::span<const std::int64_t> rows) {
  constexpr double kLeast = 1e-12;
  if (targets.outcome == Outcome::classes) {
    std::vector<std::int32_t> ids;
    for (const std::int64_t row : rows) ids.push_back(targets.ids[static_cast<std::size_t>(row)]);
    std::vector<double> logits = LinearClassifier(learned, ids, targets.width).probabilities(asked);
    for (double& logit : logits) logit = std::log(std::max(logit, kLeast));
    return logits;
  }
  std::vector<float> values;
  for (const std::int64_t row : rows) {
    const auto own = targets.values.subspan(static_cast<std::size_t>(row * targets.width),
                                            static_cast<std::size_t>(targets.width));
    values.insert(values.end(), own.begin(), own.end());
  }
  if (targets.outcome == Outcome::numbers) return LinearRegression(learned, values).predict(asked);
  std::vector<double> logits = LinearClassifier(learned, values, targets.width).probabilities(asked);
  for (double& logit : logits) {
    const double p = std::clamp(logit, kLeast, 1 - kLeast);
    logit = std::log(p / (1 - p));
  }
  return logits;
}

std::vector<Sides> sides_of(const std::vector<std::int64_t>& fold_of, std::int64_t folds) {
  std::vector<Sides> sides(static_cast<std::size_t>(folds));
  for (std::size_t row = 0; row < fold_of.size(); ++row)
    for (std::int64_t fold = 0; fold < folds; ++fold) {
      Sides& own = sides[static_cast<std::size_t>(fold)];
      (fold_of[row] == fold ? own.asked : own.learned).push_back(static_cast<std::int64_t>(row));
    }
  return sides;
}

}  // namespace bertune::insight
