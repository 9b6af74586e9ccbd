#include "insight/results/suspicious_facts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "insight/results/label_noise.h"

namespace bertune::insight {
void add_suspicious(const PredictionTable& table, double temperature, OrderedJson& facts) {
  if (!has_label_noise(table.form)) return;
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

bool are_mistakes_of_the_model(const OrderedJson& suspicious) {
  return 3 * suspicious.at("issues").get<std::int64_t>() > suspicious.at("items").get<std::int64_t>();
}

}  // namespace bertune::insight
