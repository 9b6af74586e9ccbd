#include "insight/results/outcomes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "bertune/error.h"
#include "insight/results/entity_counts.h"

namespace bertune::insight {

using tasks::Outcome;

data::TagScheme scheme_named(const std::string& name) {
  using enum data::TagScheme;
  for (const data::TagScheme scheme : {iob1, iob2, bioes, bilou, io})
    if (to_string(scheme) == name) return scheme;
  return none;
}

TagsOfRow tags_of(const PredictionTable& table, const PredictedSet& set, std::size_t row,
                  std::span<const ClassResult> results) {
  TagsOfRow tags;
  for (auto at = static_cast<std::size_t>(set.begins[row]);
       at < static_cast<std::size_t>(set.begins[row + 1]); ++at) {
    tags.right.push_back(table.form.labels[static_cast<std::size_t>(results[at].label)]);
    tags.said.push_back(table.form.labels[static_cast<std::size_t>(results[at].predicted)]);
  }
  return tags;
}

void for_each_entity(const TagsOfRow& tags, data::TagScheme scheme,
                     const std::function<void(const data::Entity&, bool, bool)>& use) {
  const std::vector<data::Entity> right = data::entities(tags.right, scheme),
                                  said = data::entities(tags.said, scheme);
  for (const data::Entity& one : right) use(one, true, std::ranges::find(said, one) != said.end());
  for (const data::Entity& one : said)
    if (std::ranges::find(right, one) == right.end()) use(one, false, true);
}

bool has_classes(Outcome outcome) {
  return outcome == Outcome::classes || outcome == Outcome::choices || outcome == Outcome::tags;
}

bool has_confidence(Outcome outcome) { return has_classes(outcome) || outcome == Outcome::labels; }

std::vector<ClassResult> class_results(const PredictionTable& table, const PredictedSet& set,
                                       double temperature) {
  if (!has_classes(table.form.outcome)) throw Error("these predictions are no classes");
  std::vector<ClassResult> results;
  results.reserve(set.truth.size());
  for (std::size_t position = 0; position < set.truth.size(); ++position) {
    const std::span<const float> logits = table.logits_of(set, static_cast<std::int64_t>(position));
    ClassResult& result = results.emplace_back();
    result.label = static_cast<std::int64_t>(set.truth[position]);
    result.predicted = std::ranges::max_element(logits) - logits.begin();
    const double largest = logits[static_cast<std::size_t>(result.predicted)];
    double sum = 0;
    for (const float logit : logits) sum += std::exp((logit - largest) / temperature);
    result.confidence = 1 / sum;
    result.truth = std::exp((logits[static_cast<std::size_t>(result.label)] - largest) / temperature) / sum;
  }
  return results;
}

std::vector<double> label_probabilities(const PredictedSet& set, double temperature) {
  std::vector<double> probabilities;
  probabilities.reserve(set.logits.size());
  for (const float logit : set.logits) probabilities.push_back(1 / (1 + std::exp(-logit / temperature)));
  return probabilities;
}

std::vector<LabelCounts> label_counts(const PredictionTable& table, const PredictedSet& set) {
  std::vector<LabelCounts> counts;
  for (const std::string& label : table.form.labels) counts.push_back({.label = label});
  const data::TagScheme scheme = scheme_named(table.form.scheme);
  if (table.form.outcome == Outcome::labels) {
    const std::vector<double> probabilities = label_probabilities(set);
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      LabelCounts& one = counts[i % counts.size()];
      const bool truth = set.truth[i] > 0.5F, predicted = probabilities[i] > table.form.threshold;
      one.support += truth ? 1 : 0, one.predicted += predicted ? 1 : 0,
          one.correct += truth && predicted ? 1 : 0;
    }
    return counts;
  }
  if (table.form.outcome == Outcome::tags && scheme != data::TagScheme::none) {
    std::map<std::string, LabelCounts, std::less<>> types;
    const std::vector<ClassResult> results = class_results(table, set);
    for (std::size_t row = 0; row < set.rows.size(); ++row) {
      for_each_entity(
          tags_of(table, set, row, results), scheme, [&](const data::Entity& entity, bool there, bool said) {
            LabelCounts& one = types[std::string(entity.type)];
            one.support += there ? 1 : 0, one.predicted += said ? 1 : 0, one.correct += there && said ? 1 : 0;
          });
    }
    counts.clear();
    for (auto& [type, one] : types) one.label = type, counts.push_back(one);
    return counts;
  }
  if (table.form.outcome != Outcome::classes && table.form.outcome != Outcome::tags) return {};
  for (const ClassResult& one : class_results(table, set)) {
    ++counts[static_cast<std::size_t>(one.label)].support;
    ++counts[static_cast<std::size_t>(one.predicted)].predicted;
    if (one.right()) ++counts[static_cast<std::size_t>(one.label)].correct;
  }
  return counts;
}

std::vector<double> values_of_rows(const PredictionTable& table, const PredictedSet& set) {
  std::vector<double> rows;
  if (set.size() < set.in_all) return rows;
  if (table.form.outcome == Outcome::classes || table.form.outcome == Outcome::choices) {
    for (const ClassResult& one : class_results(table, set)) rows.push_back(one.right() ? 1 : 0);
  } else if (table.form.outcome == Outcome::numbers && table.form.width == 1) {
    for (std::size_t row = 0; row < set.rows.size(); ++row)
      rows.push_back(std::pow(double{set.logits[row]} - double{set.truth[row]}, 2));
  }
  return rows;
}

}  // namespace bertune::insight
