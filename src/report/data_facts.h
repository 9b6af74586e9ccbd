// What was found in the files of a training run, whatever the task, as text for a person.
#pragma once

#include <string>

#include "report/data_report.h"
#include "tasks/training_data.h"

namespace bertune::report {

// Lines with their newlines, notes as options.render puts them: of texts the report of data_report.h, of
// questions with choices tables, else a line a set; and notes. Empty where the data were not checked.
std::string data_facts(const tasks::DataFacts& facts, const DataReportOptions& options = {});

}  // namespace bertune::report
