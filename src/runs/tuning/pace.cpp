#include "runs/tuning/pace.h"

#include <algorithm>

namespace bertune::runs {

Work work_between(const TrialLength& length, std::int64_t from_step, std::int64_t to_step) {
  if (to_step <= from_step) return {};
  const std::int64_t every = std::max<std::int64_t>(1, length.evaluate_every);
  // The last one is at the end. One that is due where the part ends is made by the part after it.
  const std::int64_t due = (to_step - 1) / every - std::max<std::int64_t>(0, from_step - 1) / every;
  const double rows = static_cast<double>(length.rows) * static_cast<double>(to_step - from_step) /
                      static_cast<double>(std::max<std::int64_t>(1, length.steps_per_epoch));
  return {.rows = rows, .evaluations = static_cast<double>(due + 1), .parts = 1};
}

Json to_json(const Costs& costs) {
  return {{"row", costs.row}, {"evaluation", costs.evaluation}, {"part", costs.part}};
}

Costs costs_from(const Json& json) {
  return {.row = json.value("row", 0.0),
          .evaluation = json.value("evaluation", 0.0),
          .part = json.value("part", 0.0)};
}

void Pace::measure(const Work& work, const Measured& seconds) {
  const double weight = has_measured_ ? 0.4 : 1;
  has_measured_ = true;
  const auto move = [&](double& cost, double measured, double units) {
    if (units > 0) cost += weight * (std::max(0.0, measured) / units - cost);
  };
  move(costs_.row, seconds.rows, work.rows);
  move(costs_.evaluation, seconds.evaluations, work.evaluations);
  move(costs_.part, seconds.rest, work.parts);
}

}  // namespace bertune::runs
