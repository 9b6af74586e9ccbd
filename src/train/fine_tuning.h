// The parameters that a run trains, and how fast each: freezing, layer-wise learning rates, low-rank
// adaptation.
#pragma once

#include "bertune/model.h"
#include "bertune/training_arguments.h"
#include "core/json.h"

namespace bertune::train {

using bertune::FineTuning;

// Returns the settings that decide the weights; null where nothing is asked for.
Json to_json(const FineTuning& settings);

// Sets the model up, before an optimizer is made. `rows_repeat`: whether later epochs have the same rows.
// Throws UsageError for what the model does not have, naming the option and the nearest.
void apply(const FineTuning& settings, BertPreTrainedModel& model, bool rows_repeat);

}  // namespace bertune::train
