// The metrics of bertune/metrics.h under the names that tasks say.
#pragma once

#include "bertune/metrics.h"

namespace bertune::tasks {

using bertune::add_class_values, bertune::ClassMetrics, bertune::default_metric, bertune::greater_is_better,
    bertune::kMaxConfusionClasses, bertune::Metrics, bertune::MetricsAccumulator, bertune::probabilities;

}  // namespace bertune::tasks
