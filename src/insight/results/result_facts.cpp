#include "insight/results/result_facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "insight/results/calibration.h"
#include "insight/results/mistakes.h"
#include "insight/results/outcomes.h"
#include "insight/results/run_facts.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;

OrderedJson json_of(const Interval& interval) { return {interval.low, interval.high}; }

double share_of(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

// A metric with its interval: Wilson's of shares of rows, else that of rows drawn again.
OrderedJson metric_json(const RowMetric& metric) {
  OrderedJson json = {{"name", metric.name}, {"value", metric.rows.value()}};
  constexpr double kRowsDrawn = 3e7;  // some tenths of a second
  const std::size_t rows = metric.rows.rows(), cost = rows * metric.rows.entries + metric.rows.width;
  if (metric.is_share) {
    std::int64_t right = 0;
    for (std::size_t row = 0; row < rows; ++row) right += metric.rows.row(row)[0] > 0.5 ? 1 : 0;
    json["interval"] = json_of(wilson(right, static_cast<std::int64_t>(rows)));
    json["right"] = right, json["of"] = rows;
  } else if (rows > 1 && static_cast<double>(cost) < kRowsDrawn / 200) {
    const auto draws = static_cast<std::int64_t>(kRowsDrawn / static_cast<double>(cost));
    json["interval"] =
        json_of(bootstrap(metric.rows, {.resamples = std::clamp<std::int64_t>(draws, 200, 2000)}).interval);
  }
  return json;
}

void add_metrics(const PredictionTable& table, const PredictedSet& set, OrderedJson& facts) {
  OrderedJson metrics = OrderedJson::array();
  for (const RowMetric& metric : metrics_of(table, set)) metrics.push_back(metric_json(metric));
  OrderedJson headline = metrics[0];
  headline["metric"] = headline["name"], headline.erase("name");
  if (table.form.outcome == Outcome::answers) {  // answers that are exactly right can be counted
    for (const OrderedJson& one : metrics) {
      if (one.at("name") != "exact_match") continue;
      headline = one;
      headline["metric"] = headline["name"], headline.erase("name");
    }
  }
  std::int64_t there = 0, said = 0, both = 0;
  const std::string metric = headline.at("metric");
  if (metric == "f1_micro" || metric == "f1") {
    for (const LabelCounts& one : label_counts(table, set))
      there += one.support, said += one.predicted, both += one.correct;
    headline["there"] = there, headline["said"] = said, headline["both"] = both;
  }
  headline["set"] = set.name, headline["path"] = set.path;
  headline["rows"] = set.size(), headline["in_all"] = set.in_all;
  facts["headline"] = std::move(headline);
  facts["metrics"] = std::move(metrics);
}

void add_labels(const PredictionTable& table, const PredictedSet& set, OrderedJson& facts) {
  std::vector<LabelCounts> counts = label_counts(table, set);
  if (counts.empty()) return;
  const auto f1 = [](const LabelCounts& one) {
    return share_of(2 * one.correct, one.support + one.predicted);
  };
  std::ranges::stable_sort(counts, {}, f1);
  OrderedJson labels = OrderedJson::array();
  for (const LabelCounts& one : counts) {
    if (std::ssize(labels) == kMostLabels) break;
    if (one.support + one.predicted == 0) continue;
    labels.push_back({{"label", one.label},
                      {"support", one.support},
                      {"predicted", one.predicted},
                      {"correct", one.correct},
                      {"recall", share_of(one.correct, one.support)},
                      {"recall_interval", json_of(wilson(one.correct, one.support))},
                      {"precision", share_of(one.correct, one.predicted)},
                      {"precision_interval", json_of(wilson(one.correct, one.predicted))},
                      {"f1", f1(one)}});
  }
  facts["labels_table"] = std::move(labels);
}

void add_confusion(const PredictionTable& table, const std::vector<ClassResult>& results,
                   OrderedJson& facts) {
  const auto& names = table.form.labels;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> counts;
  for (const ClassResult& one : results) ++counts[{one.label, one.predicted}];
  std::vector<std::pair<std::int64_t, std::pair<std::int64_t, std::int64_t>>> wrong;
  for (const auto& [pair, rows] : counts)
    if (pair.first != pair.second) wrong.emplace_back(rows, pair);
  std::ranges::stable_sort(wrong, std::greater<>(), [](const auto& one) { return one.first; });
  OrderedJson confused = OrderedJson::array();
  constexpr std::int64_t kMostPairs = 20;
  for (const auto& [rows, pair] : wrong) {
    if (std::ssize(confused) == kMostPairs) break;
    confused.push_back({{"is", names[static_cast<std::size_t>(pair.first)]},
                        {"said", names[static_cast<std::size_t>(pair.second)]},
                        {"rows", rows}});
  }
  facts["confused"] = std::move(confused);
  if (table.form.width > kMostConfused) return;
  OrderedJson matrix = OrderedJson::array();
  for (std::int64_t label = 0; label < table.form.width; ++label) {
    OrderedJson row = OrderedJson::array();
    for (std::int64_t said = 0; said < table.form.width; ++said) {
      const auto found = counts.find({label, said});
      row.push_back(found == counts.end() ? 0 : found->second);
    }
    matrix.push_back(std::move(row));
  }
  facts["confusion"] = {{"labels", names}, {"counts", std::move(matrix)}};
}

void add_calibration(const PredictionTable& table, const PredictedSet& set, double temperature,
                     OrderedJson& facts) {
  const std::vector<Claim> claims = claims_of(table, set, temperature);
  if (claims.empty()) return;
  double claimed = 0, loss = 0;
  std::int64_t right = 0;
  for (const Claim& claim : claims) claimed += claim.probability, right += claim.right ? 1 : 0;
  const auto count = static_cast<double>(claims.size());
  if (has_classes(table.form.outcome)) {
    for (const ClassResult& one : class_results(table, set, temperature))
      loss -= std::log(std::max(one.truth, 1e-300));
  } else {
    for (const Claim& claim : claims)
      loss -= std::log(std::max(claim.right ? claim.probability : 1 - claim.probability, 1e-300));
  }
  // Simulations cost rows times their number: fewer are enough where rows are many.
  const auto simulations = static_cast<std::int64_t>(std::clamp(2e6 / count, 20.0, 200.0));
  const ExpectedError expected = expected_calibration_error(claims, 15, simulations);
  OrderedJson groups = OrderedJson::array();
  for (const ClaimGroup& group : claim_groups(claims, claims.size() >= 1000 ? 10 : 6)) {
    groups.push_back({{"rows", group.rows},
                      {"right", group.right},
                      {"claimed", group.claimed},
                      {"share", share_of(group.right, group.rows)},
                      {"interval", json_of(group.interval)}});
  }
  facts["calibration"] = {{"temperature", temperature * table.form.temperature},
                          {"claimed", claimed / count},
                          {"right", static_cast<double>(right) / count},
                          {"error", calibration_error(claims)},
                          {"expected", expected.mean},
                          {"expected_high", expected.high},
                          {"nll", loss / count},
                          {"brier", brier_score(claims)},
                          {"groups", std::move(groups)}};
}

void add_abstentions(const PredictionTable& table, const PredictedSet& set, double temperature,
                     OrderedJson& facts) {
  const PredictedSet* validation = table.find("validation");
  const PredictedSet& chosen_on = validation != nullptr ? *validation : set;
  constexpr std::array kShares = {1.0, 0.95, 0.9, 0.8, 0.7, 0.5};
  const auto judged = class_results(table, set, temperature);
  OrderedJson lines = OrderedJson::array();
  for (const Abstention& one : abstentions(class_results(table, chosen_on, temperature), judged, kShares)) {
    lines.push_back({{"share", one.share},
                     {"threshold", one.threshold},
                     {"rows", one.rows},
                     {"answered", one.answered},
                     {"right", one.right},
                     {"value", share_of(one.right, one.answered)},
                     {"interval", json_of(wilson(one.right, one.answered))},
                     {"at_least", one.at_least}});
  }
  facts["abstentions"] = {{"chosen_on", chosen_on.name},
                          {"judged_on", set.name},
                          {"area_under_risk", area_under_risk(judged)},
                          {"lines", std::move(lines)}};
}

// Counts which windows said most for the predictions of texts that have several.
void add_deciding_windows(const PredictedSet& set, OrderedJson& lengths) {
  std::int64_t first = 0, last = 0, other = 0;
  for (const PredictedRow& row : set.rows) {
    if (!row.more.contains("deciding_window")) continue;
    const auto window = row.more.at("deciding_window").get<std::int64_t>();
    ++(window == 0 ? first : window + 1 == row.windows ? last : other);
  }
  if (first + last + other > 0) lengths["decided"] = {{"first", first}, {"last", last}, {"other", other}};
}

void add_lengths(const PredictedSet& set, const RowMetric& metric, OrderedJson& facts) {
  std::vector<std::size_t> order(set.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t row) { return set.rows[row].tokens; });
  const std::size_t count = order.size(), groups = std::clamp<std::size_t>(count / 25, 1, 5);
  OrderedJson list = OrderedJson::array();
  for (std::size_t begin = 0, group = 0; begin < count; ++group) {
    std::size_t end = std::max(begin + 1, count * (group + 1) / groups);
    while (end < count && set.rows[order[end]].tokens == set.rows[order[end - 1]].tokens) ++end;
    end = std::min(end, count);
    RowMetric part = metric;
    part.rows = metric.rows.of(std::span(order).subspan(begin, end - begin));
    OrderedJson json = {{"from", set.rows[order[begin]].tokens},
                        {"to", set.rows[order[end - 1]].tokens},
                        {"rows", end - begin}};
    const OrderedJson value = metric_json(part);
    for (const char* key : {"value", "interval", "right"})
      if (value.contains(key)) json[key] = value.at(key);
    list.push_back(std::move(json));
    begin = end;
  }
  const auto cut =
      std::ranges::count_if(set.rows, [](const PredictedRow& row) { return row.cut_tokens > 0; });
  const auto windowed =
      std::ranges::count_if(set.rows, [](const PredictedRow& row) { return row.windows > 1; });
  facts["lengths"] = {{"metric", metric.name},
                      {"groups", std::move(list)},
                      {"cut", cut},
                      {"windowed", windowed},
                      {"median", set.rows[order[count / 2]].tokens},
                      {"longest", set.rows[order[count - 1]].tokens}};
  add_deciding_windows(set, facts["lengths"]);
}

// Numbers that are said against those that are right: some points, evenly over the rows.
void add_points(const PredictedSet& set, OrderedJson& facts) {
  constexpr std::size_t kMost = 500;
  const std::size_t step = set.rows.size() / kMost + 1;
  OrderedJson points = OrderedJson::array();
  for (std::size_t row = 0; row < set.rows.size(); row += step)
    points.push_back({set.truth[row], set.logits[row]});
  facts["points"] = std::move(points);
}

}  // namespace

void add_result_facts(const PredictionTable& table, const PredictedSet& set, double temperature,
                      OrderedJson& facts) {
  add_metrics(table, set, facts);
  add_labels(table, set, facts);
  const Outcome outcome = table.form.outcome;
  if (outcome == Outcome::classes) add_confusion(table, class_results(table, set), facts);
  if (has_confidence(outcome)) add_calibration(table, set, temperature, facts);
  if (outcome == Outcome::classes || outcome == Outcome::choices)
    add_abstentions(table, set, temperature, facts);
  if ((outcome == Outcome::numbers && table.form.width == 1) || outcome == Outcome::cosines)
    add_points(set, facts);
  add_mistakes(table, set, temperature, facts);
  add_lengths(set, metrics_of(table, set)[0], facts);
}

}  // namespace bertune::insight
