// The trials of a search as OUTPUT/tuning.json keeps them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bertune/tuning.h"
#include "core/json.h"
#include "runs/tuning/halving.h"
#include "runs/tuning/pace.h"

namespace bertune::runs {

inline constexpr const char* kTrialsFolder = "trials";

// OUTPUT/trials/007.
std::filesystem::path folder_of_trial(const std::filesystem::path& output, std::size_t number);

enum class TrialOutcome { begun, stopped, finished, collapsed, out_of_time };
std::string_view to_string(TrialOutcome outcome);

// A difference of the metric to that of the default settings on the same rows: above 0 is better.
struct TrialDifference {
  double value = 0, deviation = 0;  // deviation: standard error
  double low = 0, high = 0;         // 95% interval
};

struct Trial {
  TrialSettings settings = {};
  std::int64_t draw = -1;  // of the space; -1: the default settings
  TrialOutcome outcome = TrialOutcome::begun;
  std::string why = {};  // it collapsed
  std::vector<RungScore> reached = {};
  std::optional<RungScore> end = {};
  TrialLength length = {};
  std::int64_t steps = 0;       // done
  std::int64_t kept_steps = 0;  // of the checkpoint that is kept; 0: there is none
  double seconds = 0;
  std::optional<double> row_seconds = {};          // of a row, as it was measured last
  std::optional<TrialDifference> difference = {};  // of a finished one

  bool is_finished() const { return end.has_value(); }
  bool is_out() const { return outcome == TrialOutcome::collapsed || outcome == TrialOutcome::out_of_time; }
  const RungScore* score() const { return end ? &*end : reached.empty() ? nullptr : &reached.back(); }
};

// Returns the seconds from where the trial stands to the rung, and between later rungs.
TrialProgress progress_of(const Trial& trial, const Costs& costs);

// `sign`: 1 where more of the metric is better, else -1.
Json to_json(const Trial& trial, std::size_t number, double sign);
Trial trial_from(const Json& json, double sign);

}  // namespace bertune::runs
