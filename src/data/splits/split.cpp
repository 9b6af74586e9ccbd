#include "data/splits/split.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "bertune/error.h"
#include "core/random.h"
#include "core/random_streams.h"
#include "data/splits/folds.h"
#include "data/splits/text_groups.h"

namespace bertune::data {
namespace {

// Marks groups from the front until about `share` of the rows are held out; one group always stays.
void hold_out(const std::vector<std::int64_t>& firsts, const Groups& groups, double share,
              std::vector<bool>& held_out) {
  const auto size_of = [&](std::int64_t first) { return groups.size[static_cast<std::size_t>(first)]; };
  std::int64_t rows = 0;
  for (const std::int64_t first : firsts) rows += size_of(first);
  const std::int64_t wanted = std::max<std::int64_t>(1, std::llround(share * static_cast<double>(rows)));
  std::int64_t held = 0;
  std::size_t held_groups = 0;
  for (const std::int64_t first : firsts) {
    if (held >= wanted || held_groups + 1 == firsts.size()) return;
    // A group that overshoots is passed over, unless nothing smaller is left.
    const bool last_chance = held == 0 && first == firsts.back();
    if (held + size_of(first) > wanted && !last_chance) continue;
    held_out[static_cast<std::size_t>(first)] = true;
    held += size_of(first);
    ++held_groups;
  }
}

}  // namespace

Split stratified_split(const Texts& texts, double validation_share, std::uint64_t seed, const Fold& fold) {
  if (fold.count > 0) return fold_split(texts, fold, seed);
  if (!(validation_share > 0 && validation_share < 1)) {
    throw UsageError("the share of the validation set must lie between 0 and 1");
  }
  const Groups groups = group_by_texts(texts);
  auto strata = groups_by_class(texts, groups);
  Random random(seed, kSplitStream);
  std::vector<bool> held_out(static_cast<std::size_t>(texts.size));
  for (auto& [label, firsts] : strata) {
    random.shuffle(firsts);
    hold_out(firsts, groups, validation_share, held_out);
  }
  Split split;
  for (std::int64_t row = 0; row < texts.size; ++row) {
    const auto first = static_cast<std::size_t>(groups.first[static_cast<std::size_t>(row)]);
    (held_out[first] ? split.validation : split.train).push_back(row);
  }
  return split;
}

}  // namespace bertune::data
