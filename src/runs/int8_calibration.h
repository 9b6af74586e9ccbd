// Calibration chooses the parts of a model that stay f32 in int8 predictions, so that they lose no more than
// is allowed.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "core/json.h"
#include "tasks/task.h"

namespace bertune::runs {

struct Int8CalibrationOptions {
  double max_drop = 0.5;  // per cent of the metric that int8 may lose
  std::int64_t batch_size = 64;
  std::function<void(const std::string&)> progress = {};  // is told what is measured next; may be empty
  std::stop_token stop = {};
};

struct Int8Calibration {
  std::vector<std::string> float32_parts;  // of BertPreTrainedModel::encoder_parts()
  std::string metric;                      // the task's own
  std::int64_t rows = 0;
  double fp32 = 0, int8 = 0;  // the metric in either precision
  Json to_json() const;       // what bertune.json keeps
};

// Measures the model on labelled rows in f32 and in int8. Where int8 loses too much, the parts whose rounding
// changes the logits most stay f32, 1, 2, 4, ... of them. Leaves the model in f32. Throws Error, with both
// figures, if half of the parts are not enough, and Interrupted when `stop` is requested.
Int8Calibration calibrate_int8(BertPreTrainedModel& model, const tasks::Task& task,
                               const tasks::Examples& examples, const Int8CalibrationOptions& options);

}  // namespace bertune::runs
