#include "runs/calibration.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "bertune/error.h"
#include "insight/results/prediction_table.h"
#include "tasks/trained_settings.h"
#include "train/model_folder.h"
#include "train/temperature.h"

namespace bertune::runs {
namespace {

using insight::PredictedSet, insight::PredictionTable;

constexpr std::array kShares = {1.0, 0.95, 0.9, 0.8, 0.7, 0.5};

[[noreturn]] void fail_without_rows(const CalibrationOptions& options) {
  throw Error(
      fmt::format("{}: has no predictions of validation rows; test the model on labeled rows that it was not "
                  "trained on (an evaluation with `output`), and name that folder with `predictions`",
                  options.model.string()));
}

const PredictedSet& held_out(const PredictionTable& table, const CalibrationOptions& options) {
  if (!insight::has_confidence(table.form.outcome)) {
    throw Error(fmt::format("{}: a temperature is of classes, labels, tags and choices; its results are {}",
                            options.model.string(), tasks::kOutcomes.of(table.form.outcome)));
  }
  if (const PredictedSet* set = table.find("validation")) return *set;
  const PredictedSet* test = table.find("test");
  if (test != nullptr && !options.predictions.empty()) return *test;
  fail_without_rows(options);
}

void divide(PredictionTable& table, double temperature) {
  for (PredictedSet& set : table.sets)
    for (float& logit : set.logits) logit = static_cast<float>(logit / temperature);
}

// A label is predicted where its logit is above that of the threshold; the logits change, and the labels do
// not.
double same_threshold(double threshold, double temperature) {
  if (threshold <= 0 || threshold >= 1) return threshold;
  return 1 / (1 + std::exp(-std::log(threshold / (1 - threshold)) / temperature));
}

void judge(const PredictionTable& table, const PredictedSet& fitted_on, const CalibrationOptions& options,
           double temperature, Calibrated& result) {
  if (table.form.outcome != tasks::Outcome::classes && table.form.outcome != tasks::Outcome::choices) return;
  const auto chosen_on = class_results(table, fitted_on, temperature);
  const PredictedSet* test = options.predictions.empty() ? table.find("test") : nullptr;
  result.judged_on = test != nullptr ? "test" : fitted_on.name;
  const auto judged_on = test != nullptr ? class_results(table, *test, temperature) : chosen_on;
  result.abstentions = insight::abstentions(chosen_on, judged_on, kShares);
}

}  // namespace

Calibrated calibrate(const CalibrationOptions& options) {
  const std::filesystem::path& source = options.predictions.empty() ? options.model : options.predictions;
  if (options.predictions.empty() && !insight::has_predictions(source)) fail_without_rows(options);
  PredictionTable table = insight::read_predictions(source);
  Json settings = train::read_settings(options.model);
  const double folded_by = tasks::folded_temperature_of(settings);
  if (table.form.folded_by != folded_by) {
    throw Error(
        fmt::format("{}: its predictions are from before the model's scores were calibrated and folded into "
                    "the weights; make "
                    "them again (an evaluation with `output`)",
                    source.string()));
  }
  const PredictedSet& set = held_out(table, options);
  Calibrated result{.temperature = insight::fit_temperature(table, set), .set = set.name, .path = set.path};
  const double fitted = result.temperature.value;
  const auto before = claims_of(table, set), after = claims_of(table, set, fitted);
  result.claims = std::ssize(after);
  result.error_before = insight::calibration_error(before),
  result.error_after = insight::calibration_error(after);
  result.expected = insight::expected_calibration_error(after);
  judge(table, set, options, fitted, result);

  const double old = tasks::temperature_of(settings);
  // Predictions of a model that had a temperature are those of logits which it had divided already.
  const double temperature = fitted * table.form.temperature;
  result.temperature.value = temperature;
  if (table.form.outcome == tasks::Outcome::labels) {
    const double threshold = tasks::setting(settings, tasks::keys::kThreshold, 0.5);
    result.threshold = same_threshold(threshold, temperature / old);
    if (threshold != *result.threshold) settings[tasks::keys::kThreshold] = *result.threshold;
  }
  result.folded = options.fold;
  Json kept = to_json(result);
  kept.erase("abstentions"), kept.erase("judged_on"), kept.erase("threshold");
  const double folded_now = options.fold ? folded_by * temperature : folded_by;
  if (folded_now != 1) kept["folded_by"] = folded_now;
  settings[tasks::keys::kCalibration] = std::move(kept);
  if (!options.fold) {
    train::save_settings(options.model, settings);
    return result;
  }
  PredictionTable own;
  if (insight::has_predictions(options.model)) own = insight::read_predictions(options.model);
  if (!own.sets.empty()) {
    divide(own, temperature / own.form.temperature);
    own.form.temperature = 1, own.form.folded_by = folded_now;
    own.form.threshold = result.threshold.value_or(own.form.threshold);
  }
  train::fold_temperature(options.model, temperature, settings, own);
  return result;
}

Json to_json(const Calibrated& one) {
  Json json = {{"temperature", one.temperature.value},
               {"interval", {one.temperature.interval.low, one.temperature.interval.high}},
               {"set", one.set},
               {"path", one.path},
               {"rows", one.temperature.rows},
               {"nll_before", one.temperature.loss_before},
               {"nll_after", one.temperature.loss_after},
               {"ece_before", one.error_before},
               {"ece_after", one.error_after},
               {"ece_expected", one.expected.mean},
               {"folded", one.folded}};
  if (one.threshold) json["threshold"] = *one.threshold;
  if (one.abstentions.empty()) return json;
  json["judged_on"] = one.judged_on;
  json["abstentions"] = Json::array();
  for (const insight::Abstention& line : one.abstentions) {
    json["abstentions"].push_back({{"share", line.share},
                                   {"min_confidence", line.threshold},
                                   {"rows", line.rows},
                                   {"answered", line.answered},
                                   {"right", line.right},
                                   {"accuracy_at_least", line.at_least}});
  }
  return json;
}

}  // namespace bertune::runs
