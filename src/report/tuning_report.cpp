#include "report/tuning_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "report/progress.h"
#include "report/table.h"
#include "report/terminal.h"

namespace bertune::report {
namespace {

constexpr int kOutcomeWidth = 60;

// The finished ones first, then those that went furthest; of these the best.
std::vector<const Json*> ranked_trials(const Json& results) {
  std::vector<const Json*> trials;
  for (const Json& trial : results.at("trials")) trials.push_back(&trial);
  const double sign = results.at("greater_is_better").get<bool>() ? 1 : -1;
  const auto rank = [&](const Json* trial) {
    const Json& score = trial->at("score");
    const std::string outcome = trial->at("outcome");
    const int place = outcome == "finished" ? 0 : outcome == "stopped" ? 1 : 2;
    return std::tuple(place, place == 0 ? 0 : -static_cast<int>(trial->at("rungs").size()),
                      score.is_number() ? -sign * score.get<double>() : 1e300);
  };
  std::ranges::stable_sort(trials, {}, rank);
  return trials;
}

std::string became_of(const Json& trial, const Json& results) {
  const Json winner = results.value("winner", Json());
  std::string text = trial.at("outcome") == "collapsed" ? "collapsed: " + trial.value("why", "")
                                                        : trial.at("outcome").get<std::string>();
  if (trial.contains("difference")) {
    const Json& difference = trial.at("difference");
    text = fmt::format("{:+.4f} ± {:.4f}", difference.at("value").get<double>(),
                       difference.at("standard_error").get<double>());
  }
  if (trial.at("number") == 0 && trial.at("outcome") == "finished") text = "the default settings";
  if (trial.at("number") == winner) text += ", the model";
  return shorten(printable(text), kOutcomeWidth);
}

}  // namespace

std::string setting_title(const std::string& option) {
  static const std::map<std::string, std::string> kShort = {
      {"learning_rate", "rate"}, {"warmup_ratio", "warm-up"}, {"layer_wise_lr_decay", "decay"}};
  const auto found = kShort.find(option);
  return found == kShort.end() ? option : found->second;
}

TrialLines::TrialLines(const TrialSettings& settings, std::string metric) {
  titles_ = {"trial"};
  for (const auto& [option, value] : settings) {
    options_.push_back(option);
    titles_.push_back(setting_title(option));
  }
  titles_.emplace_back("steps");
  titles_.push_back(std::move(metric));
  titles_.emplace_back("time");
  titles_.emplace_back("");
}

std::string TrialLines::line(const std::vector<std::string>& cells) const {
  constexpr int kNarrow = 8, kSteps = 11;
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i + 1 == cells.size()) return text + "  " + cells[i];  // the last one is a text
    const bool is_steps = i == titles_.size() - 4;
    const int least = i == 0 ? 5 : is_steps ? kSteps : kNarrow;
    const int width = std::max(least, display_width(titles_[i]));
    text += "  " + std::string(static_cast<std::size_t>(std::max(0, width - display_width(cells[i]))), ' ') +
            cells[i];
  }
  return text;
}

std::string TrialLines::header() const { return line(titles_); }

std::string TrialLines::line(const TrialEnded& trial) const {
  std::vector<std::string> cells = {std::to_string(trial.number)};
  for (const std::string& option : options_) {
    const auto value = trial.settings.find(option);
    cells.push_back(value == trial.settings.end() ? "-" : printable(value->second));
  }
  cells.push_back(fmt::format("{}/{}", trial.step, trial.total_steps));
  cells.push_back(metric_cell(trial.score ? Json(*trial.score) : Json()));
  cells.push_back(format_duration(trial.seconds));
  cells.push_back(trial.why.empty() ? trial.outcome
                                    : shorten(printable(trial.outcome + ": " + trial.why), kOutcomeWidth));
  return line(cells);
}

std::string tuning_report(const Json& results, std::size_t most) {
  std::vector<std::string> options;
  for (const Json& dimension : results.at("space")) options.push_back(dimension.at("option"));
  std::vector<Align> columns(options.size() + 5, Align::right);
  columns.back() = Align::left;
  Table table(columns);
  std::vector<std::string> titles = {"trial"};
  for (const std::string& option : options) titles.push_back(setting_title(option));
  for (const char* title : {"steps", "time"}) titles.emplace_back(title);
  titles.insert(titles.end() - 1, results.at("metric").get<std::string>());
  table.add(titles);
  const std::vector<const Json*> trials = ranked_trials(results);
  for (std::size_t i = 0; i < std::min(most, trials.size()); ++i) {
    const Json& trial = *trials[i];
    std::vector<std::string> cells = {trial.at("number").dump()};
    for (const std::string& option : options)
      cells.push_back(printable(trial.at("settings").value(option, std::string("-"))));
    cells.push_back(fmt::format("{}/{}", trial.at("steps").dump(), trial.at("total_steps").dump()));
    cells.push_back(metric_cell(trial.at("score")));
    cells.push_back(format_duration(trial.at("seconds").get<double>()));
    cells.push_back(became_of(trial, results));
    table.add(cells);
  }
  std::string text = table.text();
  if (trials.size() > most) text += fmt::format("  and {} more\n", trials.size() - most);
  return text;
}

}  // namespace bertune::report
