#include "runs/tuning/winner.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bertune/error.h"
#include "bertune/metrics.h"
#include "core/counted.h"
#include "insight/results/outcomes.h"
#include "insight/results/prediction_table.h"
#include "insight/results/statistics.h"

namespace bertune::runs {
namespace {

insight::RowMetric row_metric(const fs::path& folder, const std::string& metric) {
  const insight::PredictionTable table = insight::read_predictions(folder);
  const insight::PredictedSet* set = table.find("validation");
  if (set == nullptr) throw Error(fmt::format("{}: has no predictions of validation rows", folder.string()));
  std::vector<insight::RowMetric> metrics = insight::metrics_of(table, *set);
  // The root is larger where the mean of squares is; a loss is nothing that a row's answer has.
  const std::string wanted = metric == "mse" ? "rmse" : metric;
  const auto found = std::ranges::find(metrics, wanted, &insight::RowMetric::name);
  return std::move(found == metrics.end() ? metrics.front() : *found);
}

std::size_t best_finished(std::span<const Trial> trials) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < trials.size(); ++i) {
    if (!trials[i].end) continue;
    if (!trials[best].end || is_better(*trials[i].end, *trials[best].end)) best = i;
  }
  return best;
}

}  // namespace

std::optional<Winner> winner_of(std::span<const Trial> trials, const std::string& metric) {
  if (trials.empty()) return std::nullopt;
  const std::size_t best = best_finished(trials);
  if (!trials[best].end) return std::nullopt;
  if (!trials[0].end)
    return Winner{best,
                  fmt::format("trial {} is the best of those that finished; the default settings {}", best,
                              trials[0].outcome == TrialOutcome::collapsed ? "collapsed" : "did not finish")};
  if (best == 0) {
    const auto others = std::count_if(trials.begin() + 1, trials.end(),
                                      [](const Trial& trial) { return trial.is_finished(); });
    return Winner{0, others == 0
                         ? std::string("the default settings stay: no other trial ran to its end")
                         : fmt::format("the default settings stay: none of {} that ran to the end has a "
                                       "better {}",
                                       counted(others, "other trial"), metric)};
  }
  const TrialDifference difference = trials[best].difference.value_or(TrialDifference{});
  const bool is_beyond = difference.value > 0 && difference.value > difference.deviation;
  const std::string numbers =
      fmt::format("{} by {:.4f} on the validation rows, with a standard error of {:.4f}", metric,
                  difference.value, difference.deviation);
  if (is_beyond)
    return Winner{best, fmt::format("trial {} replaces the default settings: better in {}", best, numbers)};
  return Winner{0, fmt::format("the default settings stay: trial {} differs in {}, and only more than one "
                               "standard error replaces them",
                               best, numbers)};
}

TrialDifference difference_of(const fs::path& usual, const fs::path& trial, const std::string& metric) {
  const insight::RowMetric first = row_metric(usual, metric), second = row_metric(trial, metric);
  const insight::Estimate found = insight::paired_bootstrap(first.rows, second.rows);
  if (first.greater_is_better) return {found.value, found.deviation, found.interval.low, found.interval.high};
  return {-found.value, found.deviation, -found.interval.high, -found.interval.low};
}

}  // namespace bertune::runs
