// The time that parts of trials take, from those that were measured.
#pragma once

#include <cstdint>

#include "core/json.h"

namespace bertune::runs {

// The length of a trial.
struct TrialLength {
  std::int64_t total_steps = 0, steps_per_epoch = 1;
  std::int64_t evaluate_every = 1;  // steps
  std::int64_t rows = 0;            // of an epoch
};

// The work of a part of a trial.
struct Work {
  double rows = 0;         // to train on
  double evaluations = 0;  // of all validation rows, with the checkpoint after each
  double parts = 0;        // 1: loading the model, the last checkpoint or the finished model
};

// The work between two steps; at the later one the part ends, and its model is evaluated.
Work work_between(const TrialLength& length, std::int64_t from_step, std::int64_t to_step);

// Seconds of a unit of each kind of work.
struct Costs {
  double row = 0, evaluation = 0, part = 0;

  double of(const Work& work) const {
    return row * work.rows + evaluation * work.evaluations + part * work.parts;
  }
};

Json to_json(const Costs& costs);
Costs costs_from(const Json& json);

// The costs so far: those that were measured last count most, for the machine may have other work too.
class Pace {
 public:
  Pace() = default;
  explicit Pace(const Costs& assumed) : costs_(assumed) {}

  // `measured`: seconds of the rows, the evaluations and the rest of a part, in this order in all.
  struct Measured {
    double rows = 0, evaluations = 0, rest = 0;
  };
  void measure(const Work& work, const Measured& seconds);
  const Costs& costs() const { return costs_; }

 private:
  Costs costs_;
  bool has_measured_ = false;
};

}  // namespace bertune::runs
