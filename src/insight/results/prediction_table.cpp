#include "insight/results/prediction_table.h"

#include <algorithm>
#include <utility>

#include "core/utf8.h"
#include "data/texts/texts.h"

namespace bertune::insight {
namespace {

std::string bounded(std::string_view text) {
  const std::string_view begin = beginning_of(text, kTextBytes);
  return std::string(begin) + (begin.size() < text.size() ? "…" : "");
}

}  // namespace

const PredictedSet* PredictionTable::find(std::string_view set) const {
  const auto found = std::ranges::find(sets, set, &PredictedSet::name);
  return found == sets.end() ? nullptr : &*found;
}

std::span<const float> PredictionTable::logits_of(const PredictedSet& set, std::int64_t position) const {
  const auto width = static_cast<std::size_t>(form.width);
  return std::span(set.logits).subspan(static_cast<std::size_t>(position) * width, width);
}

std::int64_t PredictionTable::truth_width() const {
  const bool is_wide = form.outcome == tasks::Outcome::labels || form.outcome == tasks::Outcome::numbers;
  return is_wide ? form.width : 1;
}

void add_set(PredictionTable& table, const std::string& name, const std::string& path,
             const tasks::Records* records, const tasks::ItemTexts& texts) {
  if (records == nullptr || records->items.empty()) return;
  table.form = records->form;
  PredictedSet& set = table.sets.emplace_back();
  set.name = name, set.path = path, set.in_all = records->in_all;
  for (const tasks::ItemRecord& record : records->items) {
    const tasks::ItemText text = texts(name, record.item);
    set.rows.push_back({.row = record.item,
                        .where = text.where,
                        .id = text.id,
                        .text = bounded(text.text),
                        .text_pair = bounded(text.text_pair),
                        .hash = data::hash_of(text.text, text.text_pair),
                        .tokens = record.tokens,
                        .windows = record.windows,
                        .cut_tokens = record.cut_tokens,
                        .more = record.more});
    const auto positions = static_cast<std::int64_t>(record.logits.size()) / table.form.width;
    set.begins.push_back(set.begins.back() + positions);
    set.logits.insert(set.logits.end(), record.logits.begin(), record.logits.end());
    set.truth.insert(set.truth.end(), record.truth.begin(), record.truth.end());
  }
}

}  // namespace bertune::insight
