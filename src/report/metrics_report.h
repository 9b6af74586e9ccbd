// Reports the metrics of a model as text for a person.
#pragma once

#include <cstdint>
#include <string>

#include "bertune/metrics.h"
#include "report/terminal.h"

namespace bertune::report {

struct MetricsReportOptions {
  Style style = {};
  int width = 100;  // columns that a confusion matrix may take
  std::int64_t max_classes =
      20;  // more: only the worst of them are listed, and confusions instead of a matrix
};

// Headline numbers, then a table of the classes, then what is taken for what.
std::string metrics_report(const Metrics& metrics, const MetricsReportOptions& options = {});

// "loss 0.2134  accuracy 93.5% (95% interval 89.2–96.2, 200 rows)": a line for an evaluation during
// training. For a regression the rows and its numbers.
std::string metrics_line(const Metrics& metrics);

}  // namespace bertune::report
