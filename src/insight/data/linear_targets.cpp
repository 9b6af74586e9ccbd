#include "insight/data/linear_targets.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"

namespace bertune::insight {

using tasks::Outcome;
using train::LabelledFeatures;

namespace {

constexpr float kNever = 30;  // below other logits, or below zero

// Ends where scikit-learn does, at a mean gradient of 1e-4.
std::vector<float> fitted_logits(const LabelledFeatures& learned, const LabelledFeatures& asked,
                                 double cost) {
  constexpr double kTolerance = 1e-4;
  return train::fit_logistic_regression(learned, cost,
                                        kTolerance * cost * static_cast<double>(learned.rows()))
      .logits(asked);
}

// One softmax over the classes that some row has.
std::vector<float> class_logits(const Targets& targets, LabelledFeatures learned,
                                const LabelledFeatures& asked, std::span<const std::int64_t> rows,
                                double cost) {
  std::vector<std::int32_t> ids;
  for (const std::int64_t row : rows) ids.push_back(targets.ids[static_cast<std::size_t>(row)]);
  std::vector<std::int32_t> classes = ids;
  std::ranges::sort(classes);
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  const auto width = static_cast<std::size_t>(targets.width);
  if (classes.empty()) return std::vector<float>(static_cast<std::size_t>(asked.rows()) * width);
  for (std::int32_t& id : ids)
    id = static_cast<std::int32_t>(std::ranges::lower_bound(classes, id) - classes.begin());
  learned.outputs = std::ssize(classes), learned.ids = ids;
  // scikit-learn has one weight for two classes, whose penalty is twice that of the two of a softmax.
  const std::vector<float> found = fitted_logits(learned, asked, classes.size() == 2 ? cost / 2 : cost);
  std::vector<float> all;
  for (std::size_t begin = 0; begin < found.size(); begin += classes.size()) {
    const std::span<const float> own = std::span(found).subspan(begin, classes.size());
    std::vector<float> logits(width, std::ranges::min(own) - kNever);
    for (std::size_t i = 0; i < classes.size(); ++i) logits[static_cast<std::size_t>(classes[i])] = own[i];
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

// The targets of one label, or the numbers, of the rows that are learned.
std::vector<float> column_of(const Targets& targets, std::span<const std::int64_t> rows,
                             std::int64_t column) {
  std::vector<float> values;
  for (const std::int64_t row : rows)
    values.push_back(targets.values[static_cast<std::size_t>(row * targets.width + column)]);
  return values;
}

// Each label is a problem of its own.
std::vector<float> label_logits(const Targets& targets, const LabelledFeatures& learned,
                                const LabelledFeatures& asked, std::span<const std::int64_t> rows,
                                double cost) {
  const auto width = static_cast<std::size_t>(targets.width),
             all_rows = static_cast<std::size_t>(asked.rows());
  std::vector<float> all(all_rows * width);
  parallel_for(targets.width, [&](std::int64_t label) {
    const std::vector<float> own = column_of(targets, rows, label);
    const auto have = std::ranges::count(own, 1.0F);
    LabelledFeatures problem = learned;
    problem.outputs = 1, problem.targets = own;
    const bool is_constant = have == 0 || have == std::ssize(own);
    const std::vector<float> logits = is_constant ? std::vector(all_rows, have == 0 ? -kNever : kNever)
                                                  : fitted_logits(problem, asked, cost);
    for (std::size_t row = 0; row < all_rows; ++row)
      all[row * width + static_cast<std::size_t>(label)] = logits[row];
  });
  return all;
}

// The model learns how many standard deviations a number is from the mean: it ends where the numbers' unit
// does not matter.
std::vector<float> predicted_numbers(const Targets& targets, LabelledFeatures learned,
                                     const LabelledFeatures& asked, std::span<const std::int64_t> rows) {
  std::vector<float> values = column_of(targets, rows, 0);
  double mean = 0, squares = 0;
  for (const float value : values) mean += double{value} / static_cast<double>(values.size());
  for (const float value : values) squares += (double{value} - mean) * (double{value} - mean);
  const double deviation = squares > 0 ? std::sqrt(squares / static_cast<double>(values.size())) : 1;
  for (float& value : values) value = static_cast<float>((double{value} - mean) / deviation);
  learned.outputs = 1, learned.targets = values, learned.are_numbers = true;
  std::vector<float> found = fitted_logits(learned, asked, 1);
  for (float& number : found) number = static_cast<float>(mean + deviation * double{number});
  return found;
}

}  // namespace

Targets targets_of(const tasks::text_classification::LabelledSets& sets) {
  Targets targets{.width = static_cast<std::int32_t>(sets.labels.size()),
                  .ids = sets.train.ids,
                  .values = sets.train.targets};
  targets.outcome = sets.problem_type == ProblemType::regression                   ? Outcome::numbers
                    : sets.problem_type == ProblemType::multi_label_classification ? Outcome::labels
                                                                                   : Outcome::classes;
  return targets;
}

std::int64_t most_learned(const Targets& targets) {
  constexpr std::int64_t kMostRows = 50'000, kMostScores = 4'000'000;
  return targets.outcome == Outcome::classes ? std::min(kMostRows, kMostScores / targets.width) : kMostRows;
}

std::vector<float> logits_of(const Targets& targets, const train::LabelledFeatures& learned,
                             const train::LabelledFeatures& asked, std::span<const std::int64_t> rows,
                             double cost) {
  if (targets.outcome == Outcome::classes) return class_logits(targets, learned, asked, rows, cost);
  if (targets.outcome == Outcome::numbers) return predicted_numbers(targets, learned, asked, rows);
  return label_logits(targets, learned, asked, rows, cost);
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
