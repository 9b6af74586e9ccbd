// Predictions of different models for the same rows, as one.
#pragma once

#include <string_view>

#include "insight/results/prediction_table.h"

namespace bertune::insight {

// Returns the table of `first` with the one set of that name, whose logits stand for the mean of both tables'
// probabilities: of classes and tags by softmax, of several labels by the logistic function each. Numbers are
// averaged as they are. Throws Error unless both tables have the same rows, labels and positions there.
PredictionTable joined(const PredictionTable& first, const PredictionTable& second, std::string_view set);

}  // namespace bertune::insight
