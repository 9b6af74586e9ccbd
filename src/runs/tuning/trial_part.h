// A part of a trial: training from where it stands up to a rung, where its model is measured on the
// validation rows and a checkpoint stays.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "runs/fine_tuning.h"
#include "runs/train_options.h"
#include "runs/tuning/pace.h"
#include "runs/tuning/trial.h"
#include "tasks/training_data.h"
#include "train/observer.h"

namespace bertune::runs {

using Clock = std::function<double()>;  // seconds

struct TrialPart {
  std::size_t rung = 0;                 // up to which
  std::optional<double> deadline = {};  // on the clock: what is not there by then stops
};

struct MeasuredPart {
  Work work = {};
  Pace::Measured seconds = {};
};

// Trains in options.arguments.output_dir, and writes into `trial` what became of it. The run is that of a
// training by itself: stopping it at a rung changes no weight of what follows. Throws Interrupted when
// options.stop is requested; a checkpoint is there then.
MeasuredPart train_part(Trial& trial, const TrialPart& part, const TrainOptions& options,
                        tasks::TrainingData& data, const BaseModel& base, train::Observer& observer,
                        const Clock& clock);

}  // namespace bertune::runs
