// Successive halving: which trial trains on, and how far (Li et al. 2018, 1810.05934). Pure functions of what
// the trials have reached.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace bertune::runs {

inline constexpr std::int64_t kEta = 3;   // one of so many trials goes on
inline constexpr std::size_t kRungs = 3;  // at 1/9, 1/3 and all of a trial's steps

// Returns the step of a trial at which a rung is reached; the last rung is the end.
std::int64_t steps_at(std::size_t rung, std::int64_t total_steps);

// Returns how many of so many trials go on: a third, rounded up.
std::int64_t survivors(std::int64_t trials);

// The validation of a trial: `value` is the metric, its sign such that more is better.
struct RungScore {
  double value = 0, loss = 0;
};
// Compares by the metric, and equal ones by the loss.
bool is_better(const RungScore& one, const RungScore& other);

struct TrialProgress {
  std::vector<RungScore> reached = {};  // of rungs below the last
  std::optional<RungScore> end = {};    // of the last
  bool is_out = false;                  // it goes no further: it collapsed, or its time was over
  // Predicted seconds of the way to each rung from the one before; of the next rung, from where it is.
  std::array<double, kRungs> seconds = {};

  std::size_t rungs() const { return end ? kRungs : reached.size(); }
  const RungScore& score() const { return end ? *end : reached.back(); }
};

struct HalvingLimits {
  std::optional<std::int64_t> trials = {};      // in all; unset: as many as the time allows
  std::optional<double> seconds_left = {};      // unset: time is no limit
  std::optional<TrialProgress> candidate = {};  // the trial that could begin next
  bool no_more_starts = false;                  // all trials that are to begin have begun
};

struct NextStep {
  enum class Kind { begin, train, finish };
  Kind kind = Kind::finish;
  std::size_t trial = 0;         // to train
  std::size_t rung = 0;          // up to which
  bool starts_are_over = false;  // from here on no trial begins any more
};

// Trial 0 is the default, and runs to its end first; it is no part of the halving. The others all run to the
// first rung, then the best third to the second, then the best third of these to the end. With a time limit
// and no number of trials, trials begin while the time for those that would go on is left, and time that is
// left in the end goes to the best that were stopped.
NextStep next_step(std::span<const TrialProgress> trials, const HalvingLimits& limits);

}  // namespace bertune::runs
