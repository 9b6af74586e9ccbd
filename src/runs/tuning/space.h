// The settings that trials are drawn from.
#pragma once

#include <cstdint>
#include <vector>

#include "bertune/tuning.h"
#include "core/json.h"
#include "train/arguments.h"

namespace bertune::runs {

struct TuneSpace {
  std::vector<TuneDimension> dimensions = {};
  TrialSettings defaults = {};  // what the default settings have, as far as it is known
};

// Learning rate, epochs, warm-up, layer-wise decay and seed around the default settings. For AdamW with the
// learning rate that Bertune takes by itself, the rates are 1, 2, 3, 5 and 8e-5 of a model of width 768, and
// in inverse proportion to the width (Yang et al. 2022, 2203.03466), ten times as high for LoRA; else 0.2,
// 0.4, 0.6, 1 and 1.6 times the given rate. An option that another one leaves without effect is not searched.
TuneSpace default_space(const train::TrainingArguments& arguments, std::int64_t hidden_size);

// Throws UsageError for dimensions that nothing can be drawn from.
void validate(const TuneSpace& space);

// Returns the settings of a draw, a pure function of seed and number. Draws that follow one another take
// every value of a dimension once before they take one again, and of a range every eighth of it.
TrialSettings settings_of_draw(const TuneSpace& space, std::uint64_t seed, std::int64_t draw);

// Returns the values of a dimension, of a range its ends: all that is to be tried before a search begins.
std::vector<std::string> values_to_check(const TuneDimension& dimension);

Json to_json(const TuneDimension& dimension);

}  // namespace bertune::runs
