// OUTPUT/tuning.json: the trials of a search, from which it goes on when it was interrupted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "runs/tuning/pace.h"
#include "runs/tuning/space.h"
#include "runs/tuning/trial.h"
#include "runs/tuning/winner.h"

namespace bertune::runs {

struct SearchState {
  std::vector<Trial> trials = {};
  std::optional<Costs> costs = {};
  double seconds = 0;            // used, in all parts of the search
  std::int64_t next_draw = 0;    // of the space
  bool starts_are_over = false;  // no trial begins any more
};

// The parts of the file that do not change while the search runs.
struct SearchFacts {
  std::string metric = {};
  double sign = 1;  // -1 where less of the metric is better
  std::optional<double> budget = {};
  std::optional<std::int64_t> trials = {};
  TuneSpace space = {};
  Json identity = {};  // settings and data that decide the trials
};

// Returns the contents of the file (docs/tuning.md). `winner` and `test` (its metrics): once there are some.
Json tuning_json(const SearchFacts& facts, const SearchState& state, const std::optional<Winner>& winner,
                 const Json& test);

// Returns the state to go on with; unset where the folder holds no search. Throws UsageError where the search
// there is of other settings or data, AlreadyDone where it is finished, and Error for a damaged file.
std::optional<SearchState> read_state(const std::filesystem::path& output, const SearchFacts& facts);

}  // namespace bertune::runs
