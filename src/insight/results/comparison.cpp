#include "insight/results/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "bertune/error.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;

// The key of a row: its texts, and how many equal ones came before it.
std::vector<std::string> keys_of(const PredictedSet& set) {
  std::map<std::string, std::int64_t> seen;
  std::vector<std::string> keys;
  for (const PredictedRow& row : set.rows) keys.push_back(fmt::format("{}/{}", row.hash, seen[row.hash]++));
  return keys;
}

const PredictedSet& set_of(const ComparedRun& run, const std::string& name) {
  if (const PredictedSet* set = run.table.find(name)) return *set;
  std::vector<std::string> names;
  for (const PredictedSet& set : run.table.sets) names.push_back(set.name);
  throw UsageError("set", fmt::format("{}: has no predictions of the {} rows; it has those of: {}", run.name,
                                      name, fmt::join(names, ", ")));
}

std::span<const float> truth_of(const PredictionTable& table, const PredictedSet& set, std::size_t row) {
  if (set.truth.empty()) return {};
  const auto width = static_cast<std::size_t>(table.truth_width());
  const auto begin = static_cast<std::size_t>(set.begins[row]),
             end = static_cast<std::size_t>(set.begins[row + 1]);
  return std::span(set.truth).subspan(begin * width, (end - begin) * width);
}

void require_same_task(const ComparedRun& first, const ComparedRun& other) {
  if (first.table.task == other.table.task && first.table.form.outcome == other.table.form.outcome &&
      first.table.form.labels == other.table.form.labels)
    return;
  throw Error(fmt::format(
      "{} and {} cannot be compared: one has {} of {} labels ({}), the other {} of {} ({})", first.name,
      other.name, tasks::kOutcomes.of(first.table.form.outcome), first.table.form.labels.size(),
      first.table.task, tasks::kOutcomes.of(other.table.form.outcome), other.table.form.labels.size(),
      other.table.task));
}

// The rows of each run that all runs have, in the order of the first.
struct CommonRows {
  std::vector<std::vector<std::size_t>> rows;  // [runs, common rows]
  std::int64_t left_out = 0;
};

CommonRows common_rows(const std::vector<ComparedRun>& runs, const std::string& set_name) {
  std::vector<std::map<std::string, std::size_t>> places(runs.size());
  std::size_t most = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    const std::vector<std::string> keys = keys_of(set_of(runs[run], set_name));
    for (std::size_t row = 0; row < keys.size(); ++row) places[run].emplace(keys[row], row);
    most = std::max(most, keys.size());
  }
  const PredictedSet& first = set_of(runs[0], set_name);
  CommonRows common{.rows = std::vector<std::vector<std::size_t>>(runs.size())};
  for (const std::string& key : keys_of(first)) {
    const std::size_t row = places[0].at(key);
    bool everywhere = true;
    std::vector<std::size_t> found;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      const auto place = places[run].find(key);
      everywhere = everywhere && place != places[run].end() &&
                   std::ranges::equal(truth_of(runs[0].table, first, row),
                                      truth_of(runs[run].table, set_of(runs[run], set_name), place->second));
      if (!everywhere) break;
      found.push_back(place->second);
    }
    if (!everywhere) continue;
    for (std::size_t run = 0; run < runs.size(); ++run) common.rows[run].push_back(found[run]);
  }
  common.left_out = static_cast<std::int64_t>(most - common.rows[0].size());
  return common;
}

RowMetric metric_of(const ComparedRun& run, const PredictedSet& set, const std::string& name,
                    std::span<const std::size_t> rows) {
  std::vector<RowMetric> metrics = metrics_of(run.table, set);
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
  std::vector<double> kept;
  for (const std::size_t row : rows) {
    const std::span<const double> values = metric.rows.row(row);
    kept.insert(kept.end(), values.begin(), values.end());
  }
  metric.rows.values = std::move(kept);
  return metric;
}

std::string prediction_of(const PredictionTable& table, const PredictedSet& set, std::size_t row,
                          bool truth) {
  const auto at = static_cast<std::size_t>(set.begins[row]);
  if (table.form.outcome == Outcome::answers) {
    if (!truth) return set.rows[row].more.value("answer", "");
    const Json answers = set.rows[row].more.value("answers", Json::array());
    return answers.empty() ? "" : answers[0].get<std::string>();
  }
  if (table.form.outcome != Outcome::classes && table.form.outcome != Outcome::choices) return "";
  const std::span<const float> logits = table.logits_of(set, static_cast<std::int64_t>(at));
  const auto id = truth ? static_cast<std::size_t>(set.truth[at])
                        : static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
  return id < table.form.labels.size() ? table.form.labels[id] : std::to_string(id);
}

struct Side {
  const ComparedRun& run;
  const PredictedSet& set;
  RowMetric metric;
  std::span<const std::size_t> rows;
};

void count_disputed(const Side& first, const Side& second, Comparison& result) {
  std::int64_t only_first = 0, only_second = 0;
  for (std::size_t i = 0; i < first.rows.size(); ++i) {
    const bool one = first.metric.rows.row(i)[0] > 0.5, other = second.metric.rows.row(i)[0] > 0.5;
    if (one == other) continue;
    (one ? only_first : only_second) += 1;
    const PredictedRow& row = first.set.rows[first.rows[i]];
    result.rows.push_back({.where = row.where,
                           .text = row.text,
                           .text_pair = row.text_pair,
                           .right = prediction_of(first.run.table, first.set, first.rows[i], true),
                           .first = prediction_of(first.run.table, first.set, first.rows[i], false),
                           .second = prediction_of(second.run.table, second.set, second.rows[i], false),
                           .first_is_right = one});
  }
  result.only_first = only_first, result.only_second = only_second;
}

Comparison compare_two(const Side& first, const Side& second, const ResamplingOptions& options) {
  Comparison result{.first = first.run.name, .second = second.run.name};
  result.first_value = first.metric.rows.value(), result.second_value = second.metric.rows.value();
  result.difference = paired_bootstrap(first.metric.rows, second.metric.rows, options);
  // Power of 80 % at a level of 5 %: (1.960 + 0.842) standard errors.
  constexpr double kShown = 2.8016;
  result.smallest = kShown * result.difference.deviation;
  if (!first.metric.is_share) {
    result.p_value = paired_permutation(first.metric.rows, second.metric.rows, options);
    return result;
  }
  count_disputed(first, second, result);
  const McNemar test = mcnemar(*result.only_first, *result.only_second);
  result.p_value = test.mid_p, result.exact = test.exact;
  const double share = static_cast<double>(*result.only_first + *result.only_second) /
                       static_cast<double>(std::max<std::size_t>(first.rows.size(), 1));
  result.smallest =
      kShown * std::sqrt(share / static_cast<double>(std::max<std::size_t>(first.rows.size(), 1)));
  return result;
}

}  // namespace

Comparisons compare(const std::vector<ComparedRun>& runs, const ComparisonOptions& options) {
  if (runs.size() < 2) throw UsageError("at least two runs are compared");
  if (options.resampling.resamples < 1) throw UsageError("resamples", "`resamples` must be at least 1");
  for (const ComparedRun& run : runs) require_same_task(runs[0], run);
  const CommonRows common = common_rows(runs, options.set);
  const auto rows = static_cast<std::int64_t>(common.rows[0].size());
  if (rows == 0 || (common.left_out > 0 && !options.common_rows)) {
    throw Error(
        fmt::format("the runs were tested on different rows: {} are the same (text and label), {} are not{}",
                    rows, common.left_out, rows > 0 ? "; `common_rows` compares those that are" : ""));
  }
  std::vector<Side> sides;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    const PredictedSet& set = set_of(runs[run], options.set);
    sides.push_back(
        {runs[run], set, metric_of(runs[run], set, options.metric, common.rows[run]), common.rows[run]});
  }
  Comparisons result{.metric = sides[0].metric.name,
                     .greater_is_better = sides[0].metric.greater_is_better,
                     .rows = rows,
                     .resamples = resamples_for(static_cast<std::size_t>(rows), options.resampling),
                     .left_out = common.left_out};
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
