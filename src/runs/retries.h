// Attempts of a run that starts over where training collapses (`on_collapse` retry).
#pragma once

#include "runs/train_options.h"
#include "train/collapse_guard.h"
#include "train/observer.h"

namespace bertune::runs {

// Returns whether a run that has collapsed starts over: twice at most.
bool may_retry(const TrainOptions& options);

// Makes the options those of the next attempt: half the learning rate, other new weights and another order.
// What the last one has saved goes. OUTPUT/retries.json says which attempts there were.
void try_more_gently(const train::Collapsed& collapsed, TrainOptions& options, train::Observer& observer);

// Makes the options of a run that begins those of the attempt that was interrupted, where it is to be resumed
// and retries.json is of these options; else removes that file.
void continue_attempt(TrainOptions& options, train::Observer& observer);

}  // namespace bertune::runs
