#include "insight/results/suspicious_facts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "insight/results/label_noise.h"

namespace bertune::insight {
namespace {

bool can_be_judged(const PredictionTable& table) {
  const bool single = table.form.outcome != tasks::Outcome::numbers || table.form.width == 1;
  return has_label_noise(table.form.outcome) && single;
}

}  // namespace

void add_suspicious(const PredictionTable& table, double temperature, OrderedJson& facts) {
  if (!can_be_judged(table)) return;
  std::vector<std::pair<const PredictedSet*, SuspiciousLabel>> all;
  OrderedJson sets = OrderedJson::array();
  std::int64_t issues = 0, items = 0;
  std::string unit;
  for (const PredictedSet& set : table.sets) {
    if (set.rows.empty()) continue;
    const LabelNoise noise = label_noise(table, set, {.temperature = temperature, .with_rate = false});
    sets.push_back(set.name);
    issues += noise.issues, items += noise.items, unit = noise.unit;
    for (const SuspiciousLabel& one : noise.ranked) all.emplace_back(&set, one);
  }
  std::ranges::stable_sort(all, {}, [](const auto& one) { return one.second.score; });
  OrderedJson rows = OrderedJson::array();
  for (const auto& [set, one] : all) {
    if (std::ssize(rows) == kMostSuspicious) break;
    OrderedJson row = {{"where", one.where}, {"set", set->name}};
    if (one.word) row["word"] = one.word_text;
    row["text"] = one.text;
    if (!one.text_pair.empty()) row["text_pair"] = one.text_pair;
    row["given"] = one.given, row["suggested"] = one.suggested, row["score"] = one.score;
    if (one.suggested_score) row["suggested_score"] = *one.suggested_score;
    rows.push_back(std::move(row));
  }
  facts["suspicious"] = {{"sets", std::move(sets)}, {"unit", unit},         {"issues", issues},
                         {"items", items},          {"shown", rows.size()}, {"rows", std::move(rows)}};
}

SuspiciousCount count_suspicious(const PredictionTable& table) {
  SuspiciousCount count;
  if (!can_be_judged(table)) return count;
  for (const PredictedSet& set : table.sets) {
    const LabelNoise noise = label_noise(table, set, {.top = 1, .with_rate = false});
    count.issues += noise.issues, count.items += noise.items;
  }
  return count;
}

}  // namespace bertune::insight
