// Early stopping ends a run when its validation metric gets no better (Transformers' EarlyStoppingCallback).
#pragma once

#include <cstdint>
#include <string>

#include "train/arguments.h"
#include "train/run_state.h"

namespace bertune::train {

// RunState::evaluations_without_gain after an evaluation gave `value`, before the best is updated.
std::int64_t evaluations_without_gain(const TrainingArguments& arguments, const RunState& state,
                                      const std::string& metric, double value);

bool stops_early(const TrainingArguments& arguments, const RunState& state, const StepPlan& plan);
// Says in words why a run stopped: by itself, or since `finish` was given.
std::string why_it_stopped(const TrainingArguments& arguments, const RunState& state, const StepPlan& plan,
                           const std::string& metric);
std::string why_it_was_finished(const RunState& state, const StepPlan& plan, const std::string& metric);

}  // namespace bertune::train
