// The temperature of a calibrated model (insight/results/calibration.h): its logits are divided by it. That
// is the last layer of the head divided by it, so whoever computes with such weights gets calibrated scores.
#pragma once

#include <filesystem>

#include "bertune/model.h"
#include "core/json.h"
#include "insight/results/prediction_table.h"

namespace bertune::train {

// Divides the last layer of the model in memory. Throws Error where the head has none that makes classes.
void divide_logits(BertPreTrainedModel& model, double temperature);

// Divides the last layer in the folder's file of weights, and writes these settings and predictions beside
// it, all or nothing. Throws Error for weights in another format or type than safetensors and float32.
void fold_temperature(const std::filesystem::path& folder, double temperature, const Json& settings,
                      const insight::PredictionTable& predictions);

}  // namespace bertune::train
