#include "insight/results/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bertune/error.h"
#include "insight/results/comparison_rows.h"
#include "insight/results/seed_group.h"
#include "insight/results/seed_statistics.h"

namespace bertune::insight {
namespace {

bool are_alike(const PredictionTable& one, const PredictionTable& other) {
  return one.task == other.task && one.form.outcome == other.form.outcome &&
         one.form.labels == other.form.labels;
}

void require_same_task(const ComparedRun& first, const ComparedRun& other) {
  for (const PredictionTable& seed : other.others)
    if (!are_alike(other.table, seed))
      throw Error(fmt::format("{}: its runs are of different tasks or labels", other.name));
  if (are_alike(first.table, other.table)) return;
  throw Error(fmt::format(
      "{} and {} cannot be compared: one has {} of {} labels ({}), the other {} of {} ({})", first.name,
      other.name, tasks::kOutcomes.of(first.table.form.outcome), first.table.form.labels.size(),
      first.table.task, tasks::kOutcomes.of(other.table.form.outcome), other.table.form.labels.size(),
      other.table.task));
}

// The metric of rows of this name, or the first; of the rows that are compared alone.
RowMetric metric_of(const Voice& voice, const std::string& name) {
  std::vector<RowMetric> metrics = metrics_of(*voice.table, *voice.set);
  auto found = metrics.begin();
  if (!name.empty()) {
    found = std::ranges::find(metrics, name, &RowMetric::name);
    std::vector<std::string> names;
    for (const RowMetric& metric : metrics) names.push_back(metric.name);
    if (found == metrics.end())
      throw UsageError("metric",
                       fmt::format("`metric` is \"{}\"; rows have: {}", name, fmt::join(names, ", ")));
  }
  RowMetric metric = std::move(*found);
  metric.rows = metric.rows.of(voice.rows);
  return metric;
}

std::vector<Contributions> seeds_of(const Side& side) {
  std::vector<Contributions> seeds;
  for (const Voice& voice : side.voices) seeds.push_back(voice.metric.rows);
  return seeds;
}

// Sides of a run for each of several seeds.
void compare_seeds(const Side& first, const Side& second, Comparison& result) {
  const GroupDifference found = difference_of_groups(seeds_of(first), seeds_of(second));
  result.first_value = found.first_value, result.second_value = found.second_value;
  result.first_deviation = found.first_deviation, result.second_deviation = found.second_deviation;
  result.difference = found.difference;
  result.p_value = found.p_value, result.smallest = found.smallest;
  if (first.voices[0].metric.is_share) count_disputed(first, second, result);
}

void compare_runs(const Side& one, const Side& other, const ResamplingOptions& options, Comparison& result) {
  const RowMetric &first = one.voices[0].metric, &second = other.voices[0].metric;
  result.first_value = first.rows.value(), result.second_value = second.rows.value();
  result.difference = paired_bootstrap(first.rows, second.rows, options);
  // Power of 80 % at a level of 5 %: (1.960 + 0.842) standard errors.
  constexpr double kShown = 2.8016;
  result.smallest = kShown * result.difference.deviation;
  if (!first.is_share) {
    result.p_value = paired_permutation(first.rows, second.rows, options);
    return;
  }
  count_disputed(one, other, result);
  const McNemar test = mcnemar(*result.only_first, *result.only_second);
  result.p_value = test.mid_p, result.exact = test.exact;
  const auto rows = static_cast<double>(std::max<std::size_t>(first.rows.rows(), 1));
  const double share = static_cast<double>(*result.only_first + *result.only_second) / rows;
  result.smallest = kShown * std::sqrt(share / rows);
}

Comparison compare_two(const Side& first, const Side& second, const ResamplingOptions& options) {
  Comparison result{.first = first.name, .second = second.name};
  result.first_runs = std::ssize(first.voices), result.second_runs = std::ssize(second.voices);
  if (first.voices.size() > 1) {
    compare_seeds(first, second, result);
  } else {
    compare_runs(first, second, options, result);
  }
  return result;
}

// The spread of a single run is not known, and so neither is that of its difference to several.
void require_same_kind(const std::vector<ComparedRun>& runs) {
  const auto is_group = [](const ComparedRun& run) { return !run.others.empty(); };
  const auto group = std::ranges::find_if(runs, is_group);
  const auto single = std::ranges::find_if_not(runs, is_group);
  if (group == runs.end() || single == runs.end()) return;
  throw UsageError(
      fmt::format("{} holds the runs of {} seeds, and {} is a single run: compare groups with "
                  "groups, or a run with one of the group, such as {}/seed-...",
                  group->name, group->others.size() + 1, single->name, group->name));
}

}  // namespace

Comparisons compare(const std::vector<ComparedRun>& runs, const ComparisonOptions& options) {
  if (runs.size() < 2) throw UsageError("at least two runs are compared");
  if (options.resampling.resamples < 1) throw UsageError("resamples", "`resamples` must be at least 1");
  for (const ComparedRun& run : runs) require_same_task(runs[0], run);
  require_same_kind(runs);
  MatchedRows matched = match_rows(runs, options.set);
  const auto rows = std::ssize(matched.sides[0].voices[0].rows);
  if (rows == 0 || (matched.left_out > 0 && !options.common_rows)) {
    throw Error(
        fmt::format("the runs were tested on different rows: {} are the same (text and label), {} are not{}",
                    rows, matched.left_out, rows > 0 ? "; `common_rows` compares those that are" : ""));
  }
  for (Side& side : matched.sides)
    for (Voice& voice : side.voices) voice.metric = metric_of(voice, options.metric);
  const std::vector<Side>& sides = matched.sides;
  Comparisons result{.metric = sides[0].voices[0].metric.name,
                     .greater_is_better = sides[0].voices[0].metric.greater_is_better,
                     .rows = rows,
                     .resamples = resamples_for(static_cast<std::size_t>(rows), options.resampling),
                     .left_out = matched.left_out};
  std::vector<double> p_values;
  for (std::size_t first = 0; first < sides.size(); ++first) {
    for (std::size_t second = first + 1; second < sides.size(); ++second) {
      result.pairs.push_back(compare_two(sides[first], sides[second], options.resampling));
      p_values.push_back(result.pairs.back().p_value);
    }
  }
  const std::vector<double> adjusted = holm(p_values);
  for (std::size_t pair = 0; pair < adjusted.size(); ++pair) result.pairs[pair].adjusted = adjusted[pair];
  return result;
}

ComparedRun read_compared(const std::filesystem::path& folder) {
  const std::optional<SeedGroup> group = read_seed_group(folder);
  if (!group) return {.name = folder.string(), .table = read_predictions(folder)};
  ComparedRun run{.name = folder.string()};
  for (const std::uint64_t seed : group->seeds) {
    PredictionTable table = read_predictions(folder_of_seed(folder, seed));
    if (seed == group->seeds.front()) {
      run.table = std::move(table);
    } else {
      run.others.push_back(std::move(table));
    }
  }
  return run;
}

Json to_json(const Comparisons& comparisons) {
  Json pairs = Json::array();
  for (const Comparison& one : comparisons.pairs) {
    Json pair = {{"first", one.first},
                 {"second", one.second},
                 {"first_value", one.first_value},
                 {"second_value", one.second_value},
                 {"difference", one.difference.value},
                 {"interval", {one.difference.interval.low, one.difference.interval.high}},
                 {"p_value", one.p_value},
                 {"p_value_holm", one.adjusted},
                 {"smallest_difference", one.smallest}};
    if (one.first_runs > 1) {
      pair["first_runs"] = one.first_runs, pair["second_runs"] = one.second_runs;
      pair["first_std"] = one.first_deviation, pair["second_std"] = one.second_deviation;
    }
    if (one.exact) pair["p_value_exact"] = *one.exact;
    if (one.only_first) pair["only_first"] = *one.only_first, pair["only_second"] = *one.only_second;
    Json rows = Json::array();
    for (const DisputedRow& row : one.rows) {
      rows.push_back({{"where", row.where},
                      {"text", row.text},
                      {"label", row.right},
                      {"first", row.first},
                      {"second", row.second},
                      {"right", row.first_is_right ? "first" : "second"}});
      if (!row.text_pair.empty()) rows.back()["text_pair"] = row.text_pair;
    }
    if (one.only_first) pair["rows"] = std::move(rows);
    pairs.push_back(std::move(pair));
  }
  return {{"metric", comparisons.metric},       {"greater_is_better", comparisons.greater_is_better},
          {"rows", comparisons.rows},           {"rows_left_out", comparisons.left_out},
          {"resamples", comparisons.resamples}, {"comparisons", std::move(pairs)}};
}

}  // namespace bertune::insight
