#include "bertune/insight.h"
#include "runs/calibration.h"

namespace bertune {

CalibrateResult calibrate(const CalibrateOptions& options) {
  const runs::Calibrated one =
      runs::calibrate({.model = options.model, .predictions = options.predictions, .fold = options.fold});
  return {.temperature = one.temperature.value,
          .low = one.temperature.interval.low,
          .high = one.temperature.interval.high,
          .rows = one.temperature.rows,
          .loss_before = one.temperature.loss_before,
          .loss_after = one.temperature.loss_after,
          .error_before = one.error_before,
          .error_after = one.error_after,
          .error_expected = one.expected.mean};
}

}  // namespace bertune
