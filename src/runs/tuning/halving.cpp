#include "runs/tuning/halving.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

namespace bertune::runs {

std::int64_t steps_at(std::size_t rung, std::int64_t total_steps) {
  std::int64_t parts = 1;
  for (std::size_t i = rung + 1; i < kRungs; ++i) parts *= kEta;
  return std::max<std::int64_t>(1, (total_steps + parts - 1) / parts);
}

std::int64_t survivors(std::int64_t trials) { return (trials + kEta - 1) / kEta; }

bool is_better(const RungScore& one, const RungScore& other) {
  return one.value != other.value ? one.value > other.value : one.loss < other.loss;
}

namespace {

class Halving {
 public:
  Halving(std::span<const TrialProgress> trials, const HalvingLimits& limits)
      : trials_(trials), limits_(limits) {}

  NextStep next() const {
    if (trials_.empty()) return {.kind = NextStep::Kind::begin};
    if (!trials_[0].end && !trials_[0].is_out) return train(0, kRungs - 1);
    for (std::size_t i = 1; i < trials_.size(); ++i)  // of a search that was interrupted
      if (trials_[i].rungs() == 0 && !trials_[i].is_out) return train(i, 0);
    if (another_begins()) return {.kind = NextStep::Kind::begin, .trial = trials_.size()};
    NextStep step = promotion();
    if (step.kind == NextStep::Kind::finish) step = what_time_is_left_for();
    step.starts_are_over = true;
    return step;
  }

 private:
  static NextStep train(std::size_t trial, std::size_t rung) {
    return {.kind = NextStep::Kind::train, .trial = trial, .rung = rung};
  }

  std::int64_t others() const { return static_cast<std::int64_t>(trials_.size()) - 1; }

  bool is_in_time(double seconds) const { return !limits_.seconds_left || seconds <= *limits_.seconds_left; }

  static double seconds_from(const TrialProgress& trial, std::size_t rung) {
    return std::accumulate(trial.seconds.begin() + static_cast<std::ptrdiff_t>(rung), trial.seconds.end(),
                           0.0);
  }

  // The trials that stand at a rung and may go on, the best first.
  std::vector<std::size_t> waiting_at(std::size_t rungs) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 1; i < trials_.size(); ++i)
      if (!trials_[i].is_out && trials_[i].rungs() == rungs) found.push_back(i);
    std::ranges::stable_sort(found, [&](std::size_t one, std::size_t other) {
      return is_better(trials_[one].score(), trials_[other].score());
    });
    return found;
  }

  bool another_begins() const {
    if (limits_.no_more_starts || !limits_.candidate) return false;
    if (limits_.trials && static_cast<std::int64_t>(trials_.size()) >= *limits_.trials) return false;
    return is_in_time(limits_.candidate->seconds[0] + seconds_of_promotions());
  }

  // The seconds of all that goes on if the candidate begins too: of the best so far, and of the candidate
  // where they are too few. Whichever of them is the best later must have the time for its end.
  double seconds_of_promotions() const {
    const std::vector<std::size_t> best = waiting_at(1);
    const std::int64_t second = survivors(others() + 1), last = survivors(second);
    double seconds = 0;
    std::vector<double> ends;
    for (std::int64_t i = 0; i < second; ++i) {
      const auto place = static_cast<std::size_t>(i);
      const TrialProgress& trial = place < best.size() ? trials_[best[place]] : *limits_.candidate;
      seconds += trial.seconds[1];
      ends.push_back(trial.seconds[2]);
    }
    std::ranges::sort(ends, std::greater());
    return std::accumulate(ends.begin(), ends.begin() + last, seconds);
  }

  NextStep promotion() const {
    std::int64_t quota = others();
    for (std::size_t rung = 1; rung < kRungs; ++rung) {
      quota = survivors(quota);
      const auto there = std::count_if(trials_.begin() + 1, trials_.end(),
                                       [&](const TrialProgress& trial) { return trial.rungs() > rung; });
      if (there >= quota) continue;
      // The middle of a trial is of no use where its end is not in time.
      for (const std::size_t trial : waiting_at(rung))
        if (is_in_time(seconds_from(trials_[trial], rung))) return train(trial, rung);
    }
    return {};
  }

  NextStep what_time_is_left_for() const {
    if (!limits_.seconds_left || limits_.trials) return {};
    for (std::size_t rungs = kRungs - 1; rungs > 0; --rungs)
      for (const std::size_t trial : waiting_at(rungs))
        if (is_in_time(seconds_from(trials_[trial], rungs))) return train(trial, kRungs - 1);
    return {};
  }

  std::span<const TrialProgress> trials_;
  const HalvingLimits& limits_;
};

}  // namespace

NextStep next_step(std::span<const TrialProgress> trials, const HalvingLimits& limits) {
  return Halving(trials, limits).next();
}

}  // namespace bertune::runs
