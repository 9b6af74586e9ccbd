#include "data/splits/folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "core/random.h"
#include "core/random_streams.h"
#include "data/files/records.h"
#include "data/splits/given_folds.h"
#include "data/splits/text_groups.h"
#include "data/splits/text_index.h"

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

void require_groups(const Texts& texts, const Groups& groups, std::int64_t count) {
  if (count < 2) throw UsageError("folds", fmt::format("`folds` is {}; it must be at least 2", count));
  const std::int64_t different =
      std::ranges::count_if(groups.size, [](std::int64_t rows) { return rows > 0; });
  if (different < count) {
    throw UsageError("folds",
                     fmt::format("`folds` is {}, and {} has {} different texts; take at most as many folds",
                                 count, texts.path.empty() ? "the training set" : texts.path, different));
  }
}

// Returns notes on how many folds have each class.
std::vector<std::string> notes_of_classes(const Texts& texts, const std::vector<std::int64_t>& folds,
                                          const Fold& fold) {
  if (!labels_are_classes(texts)) return {};
  std::map<std::string_view, std::set<std::int64_t>> with_label;
  for (std::int64_t row = 0; row < texts.size; ++row)
    with_label[texts.class_of(row)].insert(folds[static_cast<std::size_t>(row)]);
  std::vector<std::string> few, in_one;
  for (const auto& [label, in] : with_label) {
    if (static_cast<std::int64_t>(in.size()) < fold.count) few.emplace_back(label);
    if (in.size() == 1) in_one.emplace_back(label);
  }
  std::vector<std::string> notes;
  if (!few.empty()) {
    const bool one = few.size() == 1;
    const std::string_view why =
        fold.given ? (one ? "is not in each" : "are not in each")
                   : (one ? "has too few different texts for each" : "have too few different texts for each");
    notes.push_back(
        fmt::format("the {} {} {} of {} folds; where a label is missing, means over labels are lower",
                    one ? "label" : "labels", quoted_list(few, 5), why, fold.count));
  }
  if (!in_one.empty()) {
    notes.push_back(
        fmt::format("labels that one fold has to itself, so that its model has not learned them: {}",
                    quoted_list(in_one, 5)));
  }
  return notes;
}

// Rows whose text another fold has too: given folds are left as they are.
void note_leaks(const Texts& texts, const GivenFolds& given, const std::vector<std::int64_t>& records,
                std::vector<std::string>& notes) {
  const TextIndex index(texts, Folding::blanks_and_case);
  const auto fold_of = [&](std::int64_t row) {
    return given.fold_of[static_cast<std::size_t>(records[static_cast<std::size_t>(row)])];
  };
  const auto where = [&](std::int64_t row) {
    const auto record = static_cast<std::size_t>(records[static_cast<std::size_t>(row)]);
    return place_in(given.path, given.line_of[record]);
  };
  std::vector<std::int64_t> rows_with(static_cast<std::size_t>(texts.size));
  std::vector<bool> is_in_several(rows_with.size());
  std::string places;
  for (std::int64_t row = 0; row < texts.size; ++row) {
    const std::int64_t first = index.first_of(row);
    ++rows_with[static_cast<std::size_t>(first)];
    if (fold_of(row) == fold_of(first)) continue;
    is_in_several[static_cast<std::size_t>(first)] = true;
    if (places.empty()) places = fmt::format("{} and {}", where(first), where(row));
  }
  std::int64_t count = 0;
  for (std::size_t row = 0; row < rows_with.size(); ++row) count += is_in_several[row] ? rows_with[row] : 0;
  if (count == 0) return;
  notes.push_back(fmt::format(
      "{} of {} rows have a text that also appears in another fold; scores will be inflated (first: {})",
      count, texts.size, places));
}

std::vector<std::int64_t> given_fold_of_rows(const Texts& texts, const GivenFolds& given,
                                             std::vector<std::string>& notes) {
  const std::vector<std::int64_t> records = records_of_rows(texts, given);
  std::vector<std::int64_t> fold_of, rows_in(given.names.size());
  for (const std::int64_t record : records) {
    fold_of.push_back(given.fold_of[static_cast<std::size_t>(record)]);
    ++rows_in[static_cast<std::size_t>(fold_of.back())];
  }
  if (const auto empty = std::ranges::find(rows_in, 0); empty != rows_in.end()) {
    const std::string& name = given.names[static_cast<std::size_t>(empty - rows_in.begin())];
    throw UsageError(fmt::format("{}: none of the {} rows that are read is in the fold \"{}\"; read all rows",
                                 given.path, texts.size, name));
  }
  note_leaks(texts, given, records, notes);
  return fold_of;
}

}  // namespace

std::vector<std::int64_t> fold_of_rows(const Texts& texts, std::int64_t count, std::uint64_t seed) {
  const Groups groups = group_by_texts(texts);
  require_groups(texts, groups, count);
  auto strata = groups_by_class(texts, groups);
  Random random(seed, kFoldStream);
  std::vector<std::int64_t> fold_of(static_cast<std::size_t>(texts.size)),
      of_all(static_cast<std::size_t>(count));
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

Split fold_split(const Texts& texts, const Fold& fold, std::uint64_t seed) {
  Split split;
  const std::vector<std::int64_t> fold_of = fold.given ? given_fold_of_rows(texts, *fold.given, split.notes)
                                                       : fold_of_rows(texts, fold.count, seed);
  for (std::size_t row = 0; row < fold_of.size(); ++row)
    (fold_of[row] == fold.number ? split.validation : split.train).push_back(static_cast<std::int64_t>(row));
  for (std::string& note : notes_of_classes(texts, fold_of, fold)) split.notes.push_back(std::move(note));
  return split;
}

}  // namespace bertune::data
