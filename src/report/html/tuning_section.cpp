// The section on the search that found the settings.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/html/elements.h"
#include "report/html/sections.h"
#include "report/progress.h"
#include "report/tuning_report.h"

namespace bertune::report::html {
namespace {

using Trials = std::vector<const OrderedJson*>;

// The finished ones first, each kind by its score.
Trials by_score(const OrderedJson& tuning) {
  Trials trials;
  for (const OrderedJson& trial : tuning.at("trials")) trials.push_back(&trial);
  const double sign = tuning.at("greater_is_better").get<bool>() ? 1 : -1;
  std::ranges::stable_sort(trials, {}, [&](const OrderedJson* trial) {
    return std::pair(trial->at("outcome") != "finished",
                     trial->contains("score") ? -sign * trial->at("score").get<double>() : 1e300);
  });
  return trials;
}

std::vector<std::string> options_of(const OrderedJson& tuning) {
  std::vector<std::string> options;
  for (const OrderedJson& trial : tuning.at("trials"))
    for (const auto& [option, value] : trial.at("settings").items())
      if (std::ranges::find(options, option) == options.end()) options.push_back(option);
  return options;
}

std::string against_default(const OrderedJson& trial) {
  if (trial.at("number") == 0) return "the default settings";
  if (trial.contains("difference"))
    return fmt::format("{}{} ± {}", trial.at("difference") < 0 ? "" : "+", decimal(trial.at("difference")),
                       decimal(trial.at("standard_error")));
  const std::string outcome = trial.at("outcome");
  return escaped(trial.contains("why") ? outcome + ": " + trial.at("why").get<std::string>() : outcome);
}

std::vector<std::string> row_of(const OrderedJson& trial, const OrderedJson& tuning,
                                const std::vector<std::string>& options) {
  const OrderedJson& settings = trial.at("settings");
  std::vector<std::string> cells = {
      count(trial.at("number")) + (trial.at("number") == tuning.at("winner") ? " <b>(this model)</b>" : "")};
  for (const std::string& option : options)
    cells.push_back(settings.contains(option) ? escaped(settings.at(option).get<std::string>()) : "–");
  cells.push_back(count(trial.at("steps")) + " of " + count(trial.at("total_steps")));
  cells.push_back(trial.contains("score") ? decimal(trial.at("score")) : "–");
  cells.push_back(against_default(trial));
  return cells;
}

}  // namespace

std::string tuning_section(const OrderedJson& facts) {
  if (!facts.contains("tuning")) return "";
  const OrderedJson& tuning = facts.at("tuning");
  const std::vector<std::string> options = options_of(tuning);
  std::vector<std::string> titles = {"trial"};
  for (const std::string& option : options) titles.push_back(escaped(setting_title(option)));
  titles.insert(titles.end(), {">steps", ">" + metric_name(tuning.at("metric")), "against the default"});
  std::vector<std::vector<std::string>> rows;
  for (const OrderedJson* trial : by_score(tuning)) rows.push_back(row_of(*trial, tuning, options));
  const std::string answer = fmt::format(
      "A search trained {} trials on the same rows{}; each stopped at a ninth or a third of its steps unless "
      "it "
      "was among the best. {}. Scores are of validation rows, differences with their standard error.",
      count(tuning.at("trials").size()),
      tuning.contains("seconds")
          ? " in " + number(tuning.at("seconds"), format_duration(tuning.at("seconds").get<double>()))
          : "",
      escaped(capital(tuning.at("why").get<std::string>())));
  return section("tuning", "Would other settings do better?", answer,
                 folded("Each trial", table("Each trial", titles, rows)));
}

}  // namespace bertune::report::html
