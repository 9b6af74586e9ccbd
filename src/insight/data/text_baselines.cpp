#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/stopwatch.h"
#include "data/checks/finding_parts.h"
#include "insight/data/linear_targets.h"
#include "insight/data/task_baselines.h"
#include "insight/data/tfidf.h"
#include "tasks/text_classification/read.h"

namespace bertune::insight {
namespace {

using tasks::text_classification::LabelledRows;
using tasks::text_classification::LabelledSets;

// The texts of a problem, and what a method says of the rows that are measured.
class TextProblem {
 public:
  explicit TextProblem(LabelledSets sets) : sets_(std::move(sets)) {
    set_ = sets_.test.rows.size() > 0 ? "test" : "validation";
    if (measured().rows.size() == 0) set_ = "train";
    train_rows_ = data::even_sample(sets_.train.rows.size(), most_learned(targets_of(sets_)));
    rows_.resize(static_cast<std::size_t>(measured().rows.size()));
    std::iota(rows_.begin(), rows_.end(), std::int64_t{0});
  }

  Baselines measure() {
    Baselines result;
    result.set = set_;
    result.train_rows = static_cast<std::int64_t>(train_rows_.size());
    result.rows = measured().rows.size();
    const ProblemType type = sets_.problem_type;
    result.metric = type == ProblemType::single_label_classification  ? "accuracy"
                    : type == ProblemType::multi_label_classification ? "f1_micro"
                                                                      : "mse";
    result.baselines.push_back(constant());
    if (std::optional<Baseline> found = linear()) result.baselines.push_back(std::move(*found));
    return result;
  }

 private:
  const LabelledRows& measured() const {
    return set_ == "test" ? sets_.test : set_ == "validation" ? sets_.validation : sets_.train;
  }
  std::size_t width() const { return sets_.labels.size(); }
  bool is_regression() const { return sets_.problem_type == ProblemType::regression; }

  // Shares of the labels, or the mean number, as logits of every row.
  Baseline constant() {
    const Stopwatch watch;
    const LabelledRows& train = sets_.train;
    std::vector<double> counts(is_regression() ? 1 : width());
    for (const std::int32_t id : train.ids) ++counts[static_cast<std::size_t>(id)];
    for (std::size_t i = 0; i < train.targets.size(); ++i)
      counts[i % counts.size()] += double{train.targets[i]};
    std::vector<float> logits;
    for (const double count : counts) {
      const double share = count / static_cast<double>(train.rows.size());
      logits.push_back(static_cast<float>(is_regression() ? share : logit_of(share)));
    }
    std::vector<float> all;
    for (std::size_t row = 0; row < rows_.size(); ++row) all.insert(all.end(), logits.begin(), logits.end());
    return scored(is_regression() ? "mean" : "majority", all, watch);
  }

  // The log of a probability of one class, or the log-odds of one of several.
  float logit_of(double share) const {
    constexpr double kLeast = 1e-12;
    const double p = std::clamp(share, kLeast, 1 - kLeast);
    return static_cast<float>(
        sets_.problem_type == ProblemType::multi_label_classification ? std::log(p / (1 - p)) : std::log(p));
  }

  // Weights of very many classes would take too much memory and time: the method is left out then.
  std::optional<Baseline> linear() {
    constexpr std::size_t kMostWeights = 100'000'000;
    const Stopwatch watch;
    const data::Texts train = data::texts_of(sets_.train.rows), test = data::texts_of(measured().rows);
    TfIdf vectors;
    const SparseRows known = vectors.fit(train, train_rows_), asked = vectors.transform(test, rows_);
    if (!is_regression() && width() * static_cast<std::size_t>(known.width) > kMostWeights)
      return std::nullopt;
    return scored(is_regression() ? "tfidf_ridge" : "tfidf_linear",
                  logits_of(targets_of(sets_), known.view(), asked.view(), train_rows_), watch);
  }

  Baseline scored(std::string name, const std::vector<float>& logits, const Stopwatch& watch) const {
    const LabelledRows& rows = measured();
    const std::size_t columns = is_regression() ? 1 : width();
    MetricsAccumulator metrics(sets_.problem_type, sets_.labels);
    Baseline baseline;
    baseline.name = std::move(name);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const std::span<const float> own = std::span(logits).subspan(row * columns, columns);
      if (!rows.ids.empty()) {
        metrics.add(own, rows.ids[row]);
        const auto best = std::ranges::max_element(own) - own.begin();
        baseline.rows.push_back(best == rows.ids[row] ? 1 : 0);
      } else {
        metrics.add(own, std::span(rows.targets).subspan(row * columns, columns));
        const double error = double{own[0]} - double{rows.targets[row * columns]};
        if (is_regression()) baseline.rows.push_back(error * error);
      }
    }
    baseline.values = metrics.result().values;
    baseline.seconds = watch.seconds();
    return baseline;
  }

  LabelledSets sets_;
  std::string set_;
  std::vector<std::int64_t> train_rows_, rows_;
};

}  // namespace

Baselines text_baselines(const tasks::TrainingFiles& files) {
  return TextProblem(tasks::text_classification::read_labelled(files)).measure();
}

Baselines similarity_baselines(const tasks::TrainingFiles& files, const tasks::TaskEntry& /*task*/) {
  tasks::TrainingFiles numbers = files;
  numbers.problem_type = "regression";
  LabelledSets sets;
  try {
    sets = tasks::text_classification::read_labelled(numbers);
  } catch (const Error&) {
    throw UsageError("baseline: pairs without scores have no baseline");
  }
  Baselines result;
  const LabelledRows& rows = sets.test.rows.size() > 0         ? sets.test
                             : sets.validation.rows.size() > 0 ? sets.validation
                                                               : sets.train;
  result.set = &rows == &sets.test ? "test" : &rows == &sets.validation ? "validation" : "train";
  result.metric = "spearmanr", result.rows = rows.rows.size();
  const Stopwatch watch;
  const auto side = [](const data::Dataset& set, bool second) {
    data::Texts texts = data::texts_of(set);
    texts.texts = [&set, second](std::int64_t row) {
      const data::Row& pair = set.rows[static_cast<std::size_t>(row)];
      return data::TextPair{second ? pair.text_pair : pair.text, {}};
    };
    return texts;
  };
  TfIdf vectors;
  vectors.fit(side(sets.train.rows, false),
              data::even_sample(sets.train.rows.size(), most_learned(targets_of(sets))));
  const std::vector<std::int64_t> all = data::even_sample(rows.rows.size(), rows.rows.size());
  const SparseRows first = vectors.transform(side(rows.rows, false), all),
                   second = vectors.transform(side(rows.rows, true), all);
  MetricsAccumulator metrics(ProblemType::regression, {"cosine"});
  for (const std::int64_t row : all) {
    double cosine = 0;
    for (std::size_t i = first.begin(row), k = second.begin(row);
         i < first.end(row) && k < second.end(row);) {
      if (first.columns[i] == second.columns[k]) cosine += double{first.values[i]} * double{second.values[k]};
      const bool left = first.columns[i] <= second.columns[k], right = second.columns[k] <= first.columns[i];
      i += left ? 1 : 0, k += right ? 1 : 0;
    }
    const auto value = static_cast<float>(cosine);
    metrics.add(std::span(&value, 1), std::span(&rows.targets[static_cast<std::size_t>(row)], 1));
  }
  result.train_rows = sets.train.rows.size();
  result.baselines.push_back({"tfidf_cosine", 0, metrics.result().values, {}, watch.seconds()});
  return result;
}

}  // namespace bertune::insight
