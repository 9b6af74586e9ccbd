// The data report shows what was found in the files of a run, whatever the task, as text for a person: about
// 30 lines whatever the number of labels.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "data/checks/check.h"
#include "report/terminal.h"
#include "tasks/training_data.h"

namespace bertune::report {

struct DataReportOptions {
  Style style = {};
  int max_lines = 30;  // aimed at, by showing fewer labels, examples and notes
  // Notes name options as errors do (bertune/error.h); this puts the reader's spelling there, if any is set.
  std::function<std::string(std::string_view)> render = {};
  bool ranked = false;  // all findings in one block, in their order, each with its severity
};

// Rows and columns of each set, labels or the range of numbers, lengths in tokens, findings with examples and
// what to do, and the readers' notes. Empty where nothing was checked.
std::string data_report(const data::CheckResult& result, const DataReportOptions& options = {});

// The same with an empty line before and after, and the notes on all sets, a line each.
std::string data_facts(const tasks::DataFacts& facts, const DataReportOptions& options = {});

}  // namespace bertune::report
