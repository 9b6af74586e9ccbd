#include "runs/tuning/tuning_file.h"

#include <fmt/format.h>

#include "bertune/error.h"
#include "core/file.h"
#include "insight/results/tuning_file.h"

namespace bertune::runs {
namespace {

SearchState state_from(const Json& file, double sign) {
  SearchState state;
  for (const Json& trial : file.at("trials")) state.trials.push_back(trial_from(trial, sign));
  const Json& own = file.at("bertune");
  if (own.at("costs").is_object()) state.costs = costs_from(own.at("costs"));
  state.seconds = file.at("seconds"), state.next_draw = own.at("next_draw");
  state.starts_are_over = own.at("starts_are_over");
  return state;
}

}  // namespace

Json tuning_json(const SearchFacts& facts, const SearchState& state, const std::optional<Winner>& winner,
                 const Json& test) {
  Json trials = Json::array(), space = Json::array();
  for (std::size_t i = 0; i < state.trials.size(); ++i)
    trials.push_back(to_json(state.trials[i], i, facts.sign));
  for (const TuneDimension& dimension : facts.space.dimensions) space.push_back(to_json(dimension));
  return {{"bertune_version", BERTUNE_VERSION},
          {"metric", facts.metric},
          {"greater_is_better", facts.sign > 0},
          {"budget", facts.budget ? Json(*facts.budget) : Json()},
          {"trials_wanted", facts.trials ? Json(*facts.trials) : Json()},
          {"space", std::move(space)},
          {"seconds", state.seconds},
          {"trials", std::move(trials)},
          {"finished", winner.has_value()},
          {"winner", winner ? Json(winner->trial) : Json()},
          {"replaced", winner ? Json(winner->trial != 0) : Json()},
          {"why", winner ? Json(winner->why) : Json()},
          {"test", test},
          {"bertune",
           {{"costs", state.costs ? to_json(*state.costs) : Json()},
            {"next_draw", state.next_draw},
            {"starts_are_over", state.starts_are_over},
            {"identity", facts.identity}}}};
}

std::optional<SearchState> read_state(const fs::path& output, const SearchFacts& facts) {
  const fs::path path = output / insight::kTuningFile;
  if (!path_exists(path)) return std::nullopt;
  const Json file = parse_json(read_file(path), path.string());
  try {
    if (file.at("bertune").at("identity") != facts.identity) {
      throw UsageError(
          "output", fmt::format("{}: cannot resume, for settings, space or data are not as they were. Resume "
                                "with the same, or start over with `overwrite`.",
                                path.string()));
    }
    if (file.at("finished") == true) {
      throw AlreadyDone(fmt::format("{}: the search is finished, see {}; there is nothing to resume",
                                    output.string(), insight::kTuningFile));
    }
    return state_from(file, facts.sign);
  } catch (const Json::exception&) {
    throw Error(
        fmt::format("{}: is damaged: a value is missing, or of another kind than was written; `overwrite` "
                    "starts over",
                    path.string()));
  }
}

}  // namespace bertune::runs
