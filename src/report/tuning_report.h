// The trials of a search for settings as a table.
#pragma once

#include <string>
#include <vector>

#include "bertune/events.h"
#include "core/json.h"

namespace bertune::report {

// Returns the title of an option's column: "rate" for learning_rate.
std::string setting_title(const std::string& option);

// Makes lines of trials while they are trained, in columns that are as wide from the first to the last.
class TrialLines {
 public:
  // `settings`: of any trial, whose options are the columns.
  TrialLines(const TrialSettings& settings, std::string metric);

  std::string header() const;
  std::string line(const TrialEnded& trial) const;

 private:
  std::string line(const std::vector<std::string>& cells) const;

  std::vector<std::string> options_, titles_;
};

// `results`: what tuning.json holds. A line a trial, the best first, at most `most`; the last column says
// what became of it.
std::string tuning_report(const Json& results, std::size_t most = 12);

}  // namespace bertune::report
