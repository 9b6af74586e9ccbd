// What was found in the data, as text for a person: about 30 lines whatever the number of labels.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "data/checks/check.h"
#include "report/terminal.h"

namespace bertune::report {

struct DataReportOptions {
  Style style = {};
  int max_lines = 30;  // aimed at, by showing fewer labels, examples and notes
  // Notes name options as errors do (bertune/error.h); this puts the reader's spelling there, if any is set.
  std::function<std::string(std::string_view)> render = {};
};

// Rows and columns of each split, labels, lengths in tokens, and findings with examples and what to do. The
// `datasets` that were checked add the chosen columns and the readers' notes; result.lengths belong to the
// splits in order.
std::string data_report(const data::CheckResult& result, std::span<const data::NamedDataset> datasets = {},
                        const DataReportOptions& options = {});

}  // namespace bertune::report
