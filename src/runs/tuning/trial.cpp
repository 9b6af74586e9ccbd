#include "runs/tuning/trial.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/names.h"

namespace bertune::runs {
namespace {

constexpr Names kOutcomes(std::to_array<Named<TrialOutcome>>({{TrialOutcome::begun, "begun"},
                                                              {TrialOutcome::stopped, "stopped"},
                                                              {TrialOutcome::finished, "finished"},
                                                              {TrialOutcome::collapsed, "collapsed"},
                                                              {TrialOutcome::out_of_time, "out of time"}}));

Json finite(double number) { return std::isfinite(number) ? Json(number) : Json(); }

// Numbers that are not finite are worse than any, and null in the file.
Json score_json(const RungScore& score, std::int64_t step, double sign) {
  return {{"step", step}, {"score", finite(sign * score.value)}, {"loss", finite(score.loss)}};
}

RungScore score_from(const Json& json, double sign) {
  const Json score = json.value("score", Json()), loss = json.value("loss", Json());
  return {.value = score.is_number() ? sign * score.get<double>() : -HUGE_VAL,
          .loss = loss.is_number() ? loss.get<double>() : HUGE_VAL};
}

}  // namespace

std::filesystem::path folder_of_trial(const std::filesystem::path& output, std::size_t number) {
  return output / kTrialsFolder / fmt::format("{:03}", number);
}

std::string_view to_string(TrialOutcome outcome) { return kOutcomes.of(outcome); }

TrialProgress progress_of(const Trial& trial, const Costs& costs) {
  TrialProgress progress{.reached = trial.reached, .end = trial.end, .is_out = trial.is_out()};
  Costs own = costs;
  if (trial.row_seconds) own.row = *trial.row_seconds;
  std::int64_t from = trial.kept_steps;
  for (std::size_t rung = progress.rungs(); rung < kRungs; ++rung) {
    const std::int64_t to = steps_at(rung, trial.length.total_steps);
    progress.seconds[rung] = own.of(work_between(trial.length, from, to));
    from = std::max(from, to);
  }
  return progress;
}

Json to_json(const Trial& trial, std::size_t number, double sign) {
  Json rungs = Json::array();
  for (std::size_t i = 0; i < trial.reached.size(); ++i)
    rungs.push_back(score_json(trial.reached[i], steps_at(i, trial.length.total_steps), sign));
  if (trial.end) rungs.push_back(score_json(*trial.end, trial.length.total_steps, sign));
  Json json = {{"number", number},
               {"settings", trial.settings},
               {"outcome", to_string(trial.outcome)},
               {"rungs", std::move(rungs)},
               {"score", trial.score() == nullptr ? Json() : finite(sign * trial.score()->value)},
               {"steps", trial.steps},
               {"total_steps", trial.length.total_steps},
               {"seconds", trial.seconds},
               {"folder", fmt::format("{}/{:03}", kTrialsFolder, number)}};
  if (!trial.why.empty()) json["why"] = trial.why;
  if (trial.difference) {
    const TrialDifference& difference = *trial.difference;
    json["difference"] = {{"value", difference.value},
                          {"standard_error", difference.deviation},
                          {"interval", {difference.low, difference.high}}};
  }
  json["bertune"] = {{"draw", trial.draw},
                     {"ended", trial.end.has_value()},
                     {"kept_steps", trial.kept_steps},
                     {"row_seconds", trial.row_seconds ? Json(*trial.row_seconds) : Json()},
                     {"length",
                      {trial.length.total_steps, trial.length.steps_per_epoch, trial.length.evaluate_every,
                       trial.length.rows}}};
  return json;
}

Trial trial_from(const Json& json, double sign) {
  Trial trial{.settings = json.at("settings").get<TrialSettings>()};
  const Json& own = json.at("bertune");
  trial.draw = own.at("draw");
  trial.outcome = kOutcomes.find(json.at("outcome").get<std::string>()).value_or(TrialOutcome::begun);
  trial.why = json.value("why", "");
  const Json& rungs = json.at("rungs");
  const bool ended = own.at("ended");
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    const RungScore score = score_from(rungs[i], sign);
    if (ended && i + 1 == rungs.size()) {
      trial.end = score;
    } else {
      trial.reached.push_back(score);
    }
  }
  const Json& length = own.at("length");
  trial.length = {length.at(0), length.at(1), length.at(2), length.at(3)};
  trial.steps = json.at("steps"), trial.kept_steps = own.at("kept_steps");
  trial.seconds = json.at("seconds");
  if (own.at("row_seconds").is_number()) trial.row_seconds = own.at("row_seconds").get<double>();
  if (json.contains("difference")) {
    const Json& difference = json.at("difference");
    trial.difference = TrialDifference{.value = difference.at("value"),
                                       .deviation = difference.at("standard_error"),
                                       .low = difference.at("interval").at(0),
                                       .high = difference.at("interval").at(1)};
  }
  return trial;
}

}  // namespace bertune::runs
