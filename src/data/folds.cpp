#include "data/folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "bertune/error.h"
#include "core/nearest.h"
#include "core/random.h"
#include "data/streams.h"
#include "data/text_groups.h"

namespace bertune::data {
namespace {

// The fold with the fewest rows of the class, of these the one with the fewest rows, of these the first.
std::size_t emptiest(const std::vector<std::int64_t>& of_class, const std::vector<std::int64_t>& of_all) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < of_class.size(); ++i) {
    if (std::pair(of_class[i], of_all[i]) < std::pair(of_class[best], of_all[best])) best = i;
  }
  return best;
}

void require_groups(const Dataset& dataset, const Groups& groups, std::int64_t count) {
  if (count < 2) throw UsageError(fmt::format("--folds is {}; it must be at least 2", count));
  const std::int64_t texts = std::ranges::count_if(groups.size, [](std::int64_t rows) { return rows > 0; });
  if (texts < count) {
    throw UsageError(fmt::format("--folds is {}, and {} has {} different texts; take at most as many folds",
                                 count, dataset.path.empty() ? "the training set" : dataset.path, texts));
  }
}

// Of classes, how many folds have them.
std::string note_of_classes(const Dataset& dataset, const std::vector<std::int64_t>& folds,
                            std::int64_t count) {
  if (!labels_are_classes(dataset)) return "";
  std::map<std::string_view, std::set<std::int64_t>> with_label;
  for (std::size_t row = 0; row < folds.size(); ++row) with_label[dataset.rows[row].label].insert(folds[row]);
  std::vector<std::string> few;
  for (const auto& [label, in] : with_label)
    if (static_cast<std::int64_t>(in.size()) < count) few.emplace_back(label);
  if (few.empty()) return "";
  const bool one = few.size() == 1;
  return fmt::format(
      "the {} {} {} too few different texts for each of {} folds; where a label is missing, means over "
      "labels are "
      "lower",
      one ? "label" : "labels", quoted_list(few, 5), one ? "has" : "have", count);
}

}  // namespace

std::vector<std::int64_t> fold_of_rows(const Dataset& dataset, std::int64_t count, std::uint64_t seed) {
  const Groups groups = group_by_texts(dataset);
  require_groups(dataset, groups, count);
  auto strata = groups_by_class(dataset, groups);
  Random random(seed, kFoldStream);
  std::vector<std::int64_t> fold_of(dataset.rows.size()), of_all(static_cast<std::size_t>(count));
  for (auto& [label, firsts] : strata) {
    random.shuffle(firsts);
    // Large groups first: small ones then make up for them.
    std::ranges::stable_sort(firsts, std::ranges::greater(),
                             [&](std::int64_t row) { return groups.size[static_cast<std::size_t>(row)]; });
    std::vector<std::int64_t> of_class(static_cast<std::size_t>(count));
    for (const std::int64_t first : firsts) {
      const std::size_t fold = emptiest(of_class, of_all);
      const std::int64_t rows = groups.size[static_cast<std::size_t>(first)];
      of_class[fold] += rows, of_all[fold] += rows;
      fold_of[static_cast<std::size_t>(first)] = static_cast<std::int64_t>(fold);
    }
  }
  for (std::size_t row = 0; row < fold_of.size(); ++row)
    fold_of[row] = fold_of[static_cast<std::size_t>(groups.first[row])];
  return fold_of;
}

Split fold_split(const Dataset& dataset, Fold fold, std::uint64_t seed) {
  const std::vector<std::int64_t> fold_of = fold_of_rows(dataset, fold.count, seed);
  Split split;
  for (std::size_t row = 0; row < fold_of.size(); ++row)
    (fold_of[row] == fold.number ? split.validation : split.train).push_back(static_cast<std::int64_t>(row));
  split.note = note_of_classes(dataset, fold_of, fold.count);
  return split;
}

}  // namespace bertune::data
