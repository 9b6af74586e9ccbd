// A search for better settings of a fine-tuning, within a budget (bertune/tuning.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bertune/metrics.h"
#include "core/json.h"
#include "runs/fine_tuning.h"
#include "runs/train_options.h"
#include "runs/tuning/space.h"
#include "runs/tuning/trial.h"
#include "runs/tuning/trial_part.h"
#include "runs/tuning/winner.h"
#include "train/observer.h"

namespace bertune::runs {

struct TuningOptions {
  std::optional<double> budget = {};  // seconds
  std::optional<std::int64_t> trials = {};
  TuneSpace space = {};  // without dimensions: default_space
  // The options of a trial; throws UsageError for settings that cannot be.
  std::function<TrainOptions(const TrainOptions& usual, const TrialSettings& settings)> with_settings = {};
  Clock clock = {};  // unset: a steady one
};

struct Tuned {
  std::vector<Trial> trials = {};
  Winner winner = {};
  std::string metric = {};
  Json results = {};                 // what tuning.json holds (docs/tuning.md)
  std::optional<Metrics> test = {};  // of the winner
  Json settings = {};                // of the winner's bertune.json
};

// Throws UsageError for another method than fine-tuning, whose settings the search does not try.
void require_fine_tuning(const TrainOptions& options);
// Throws UsageError for values that cannot be.
void validate(const TrainOptions& options, const TuningOptions& tuning);

// Runs the search (runs/tuning/halving.h). Each trial is a training in OUTPUT/trials/<number> that stops at
// its rungs, on data that are read once; OUTPUT becomes the folder of the winner too. With resume it goes on
// where it was interrupted or killed, with the same trials and results.
//
// Throws UsageError where there are no validation rows, in a job of several processes, and where the default
// settings do not fit the budget; Error where no trial finishes; Interrupted when the stop is asked for.
Tuned tune(const TrainOptions& options, const TuningOptions& tuning, const BaseModel& base,
           const tasks::TaskEntry& task, train::Observer& observer);

}  // namespace bertune::runs
