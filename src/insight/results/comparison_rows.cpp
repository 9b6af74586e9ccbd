#include "insight/results/comparison_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

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

const PredictedSet& set_of(const PredictionTable& table, const std::string& run, const std::string& name) {
  if (const PredictedSet* set = table.find(name)) return *set;
  std::vector<std::string> names;
  for (const PredictedSet& set : table.sets) names.push_back(set.name);
  throw UsageError("set", fmt::format("{}: has no predictions of the {} rows; it has those of: {}", run, name,
                                      fmt::join(names, ", ")));
}

std::span<const float> truth_of(const PredictionTable& table, const PredictedSet& set, std::size_t row) {
  if (set.truth.empty()) return {};
  const auto width = static_cast<std::size_t>(table.truth_width());
  const auto begin = static_cast<std::size_t>(set.begins[row]),
             end = static_cast<std::size_t>(set.begins[row + 1]);
  return std::span(set.truth).subspan(begin * width, (end - begin) * width);
}

bool same_truth(const Voice& one, std::size_t row, const Voice& other, std::size_t other_row) {
  return std::ranges::equal(truth_of(*one.table, *one.set, row),
                            truth_of(*other.table, *other.set, other_row));
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

// Returns what most runs of a side say of a row; of several runs with their number.
std::string said_of(const Side& side, std::size_t row) {
  std::map<std::string, std::int64_t> counts;
  for (const Voice& voice : side.voices)
    ++counts[prediction_of(*voice.table, *voice.set, voice.rows[row], false)];
  const auto most = std::ranges::max_element(counts, {}, &std::pair<const std::string, std::int64_t>::second);
  if (side.voices.size() == 1) return most->first;
  return fmt::format("{} ({} of {})", most->first, most->second, side.voices.size());
}

bool is_right(const Side& side, std::size_t row) {
  const auto right = std::ranges::count_if(
      side.voices, [&](const Voice& voice) { return voice.metric.rows.row(row)[0] > 0.5; });
  return 2 * right > std::ssize(side.voices);
}

}  // namespace

MatchedRows match_rows(const std::vector<ComparedRun>& runs, const std::string& set_name) {
  MatchedRows matched;
  std::vector<Voice*> voices;
  for (const ComparedRun& run : runs) {
    Side& side = matched.sides.emplace_back(Side{.name = run.name});
    side.voices.push_back({&run.table, &set_of(run.table, run.name, set_name)});
    for (const PredictionTable& other : run.others)
      side.voices.push_back({&other, &set_of(other, run.name, set_name)});
  }
  for (Side& side : matched.sides)
    for (Voice& voice : side.voices) voices.push_back(&voice);
  std::vector<std::map<std::string, std::size_t>> places(voices.size());
  std::size_t most = 0;
  for (std::size_t i = 0; i < voices.size(); ++i) {
    const std::vector<std::string> keys = keys_of(*voices[i]->set);
    for (std::size_t row = 0; row < keys.size(); ++row) places[i].emplace(keys[row], row);
    most = std::max(most, keys.size());
  }
  for (const std::string& key : keys_of(*voices[0]->set)) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < voices.size(); ++i) {
      const auto place = places[i].find(key);
      if (place == places[i].end() || !same_truth(*voices[0], places[0].at(key), *voices[i], place->second))
        break;
      found.push_back(place->second);
    }
    if (found.size() < voices.size()) continue;
    for (std::size_t i = 0; i < voices.size(); ++i) voices[i]->rows.push_back(found[i]);
  }
  matched.left_out = static_cast<std::int64_t>(most - voices[0]->rows.size());
  return matched;
}

void count_disputed(const Side& first, const Side& second, Comparison& result) {
  std::int64_t only_first = 0, only_second = 0;
  const Voice& voice = first.voices[0];
  for (std::size_t i = 0; i < voice.rows.size(); ++i) {
    const bool one = is_right(first, i), other = is_right(second, i);
    if (one == other) continue;
    (one ? only_first : only_second) += 1;
    const PredictedRow& row = voice.set->rows[voice.rows[i]];
    result.rows.push_back({.where = row.where,
                           .text = row.text,
                           .text_pair = row.text_pair,
                           .right = prediction_of(*voice.table, *voice.set, voice.rows[i], true),
                           .first = said_of(first, i),
                           .second = said_of(second, i),
                           .first_is_right = one});
  }
  result.only_first = only_first, result.only_second = only_second;
}

}  // namespace bertune::insight
