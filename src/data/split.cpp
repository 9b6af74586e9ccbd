#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "core/random.h"
#include "data/streams.h"

namespace bertune::data {
namespace {

using Group = std::vector<std::int64_t>;  // rows with the same texts
using Texts = std::pair<std::string_view, std::string_view>;

struct HashTexts {
  std::size_t operator()(const Texts& texts) const {
    const std::hash<std::string_view> hash;
    return hash(texts.first) * 31 + hash(texts.second);
  }
};

// In the order of their first rows.
std::vector<Group> group_by_texts(const Dataset& dataset) {
  std::vector<Group> groups;
  std::unordered_map<Texts, std::size_t, HashTexts> places;
  places.reserve(dataset.rows.size());
  for (std::size_t i = 0; i < dataset.rows.size(); ++i) {
    const Row& row = dataset.rows[i];
    const auto [place, is_new] = places.try_emplace({row.text, row.text_pair}, groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(static_cast<std::int64_t>(i));
  }
  return groups;
}

bool labels_are_classes(const Dataset& dataset) {
  std::unordered_set<std::string_view> labels;
  for (const Row& row : dataset.rows) labels.insert(row.label);
  return labels.size() * 2 <= dataset.rows.size();
}

// Takes groups from the front until about `share` of the rows are held out; one group always stays.
void hold_out(const std::vector<Group>& groups, double share, Split& split) {
  std::size_t rows = 0;
  for (const Group& group : groups) rows += group.size();
  const auto wanted =
      std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(share * static_cast<double>(rows))));
  std::size_t held = 0, held_groups = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::size_t size = groups[i].size();
    const bool last_one = held_groups + 1 == groups.size();
    // A group that overshoots is passed over, unless nothing smaller is to be had at all.
    const bool fits = held + size <= wanted || (held == 0 && i + 1 == groups.size());
    const bool take = held < wanted && fits && !last_one;
    auto& side = take ? split.validation : split.train;
    side.insert(side.end(), groups[i].begin(), groups[i].end());
    if (take) held += size, ++held_groups;
  }
}

}  // namespace

Split stratified_split(const Dataset& dataset, double validation_share, std::uint64_t seed) {
  if (!(validation_share > 0 && validation_share < 1)) {
    throw UsageError("the share of the validation set must lie between 0 and 1");
  }
  const bool classes = labels_are_classes(dataset);
  std::map<std::string_view, std::vector<Group>> strata;
  for (Group& group : group_by_texts(dataset)) {
    const Row& first = dataset.rows[static_cast<std::size_t>(group[0])];
    strata[classes ? first.label : std::string_view()].push_back(std::move(group));
  }
  Random random(seed, kSplitStream);
  Split split;
  for (auto& [label, groups] : strata) {
    random.shuffle(groups);
    hold_out(groups, validation_share, split);
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

Dataset subset(const Dataset& dataset, std::span<const std::int64_t> rows) {
  Dataset part;
  part.path = dataset.path;
  part.columns = dataset.columns;
  part.has_pairs = dataset.has_pairs;
  part.storage = dataset.storage;
  part.rows.reserve(rows.size());
  for (const std::int64_t row : rows) part.rows.push_back(dataset.rows.at(static_cast<std::size_t>(row)));
  part.has_labels =
      std::any_of(part.rows.begin(), part.rows.end(), [](const Row& row) { return row.has_label; });
  return part;
}

}  // namespace bertune::data
