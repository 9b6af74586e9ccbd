#include "report/baseline_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bertune/metrics.h"
#include "report/table.h"

namespace bertune::report {
namespace {

// Metrics from 0 to 1 are shown in percent; those of questions are percentages already.
struct Scale {
  double factor = 1;
  std::string unit, difference;  // behind a value; behind a difference
  int digits = 4;
};

Scale scale_of(const Baselines& baselines) {
  if (baselines.metric == "mse" || baselines.metric == "spearmanr") return {};
  const double factor = baselines.task == "question-answering" ? 1 : 100;
  return {factor, "%", " points", 1};
}

std::string number(double value, const Scale& scale) {
  return fmt::format("{:.{}f}", scale.factor * value, scale.digits);
}

}  // namespace

std::string baseline_table(const Baselines& baselines, const Style& style) {
  const Scale scale = scale_of(baselines);
  Table table({Align::left, Align::right, Align::right});
  for (const Baseline& one : baselines.baselines)
    table.add({insight::method_name(one.name), number(one.score, scale) + scale.unit,
               fmt::format("{:.1f} s", one.seconds)});
  return style.bold(fmt::format("Baselines: {} on {} {} rows", baselines.metric, grouped(baselines.rows),
                                baselines.set)) +
         "\n" + table.text();
}

std::string beside_line(const Baselines& baselines, const insight::BesideModel& model) {
  const Scale scale = scale_of(baselines);
  const Baseline& best = baselines.baselines[model.best];
  const double sign = greater_is_better(baselines.metric) ? 1 : -1;
  const double gain = sign * (model.score - best.score);
  std::string interval;
  bool is_clear = true;
  if (model.difference) {
    const double one = sign * model.difference->low, other = sign * model.difference->high;
    interval = fmt::format(" (95% interval {} to {})", number(std::min(one, other), scale),
                           number(std::max(one, other), scale));
    is_clear = std::min(one, other) > 0 || std::max(one, other) < 0;
  }
  const std::string by = fmt::format("by {}{}{}", number(std::abs(gain), scale), scale.difference, interval);
  const std::string verdict = gain > 0   ? "is better " + by
                              : gain < 0 ? "is worse " + by
                                         : "is as good" + interval;
  return fmt::format("{}: {} {}{}; this model {}{}", insight::method_name(best.name), baselines.metric,
                     number(best.score, scale), scale.unit, verdict, is_clear ? "" : ", which may be chance");
}

}  // namespace bertune::report
