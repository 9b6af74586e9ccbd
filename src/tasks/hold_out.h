// A validation set, or a fold, taken from the rows to train on.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/random.h"
#include "core/random_streams.h"
#include "data/splits/split.h"
#include "data/splits/subset.h"
#include "data/texts/texts.h"
#include "tasks/training_files.h"

namespace bertune::tasks {

// The sets that a training run reads, each without rows where there is none.
template <class Dataset>
struct DataSets {
  Dataset train, validation, test;
  std::vector<std::string> notes;      // on all of them
  std::vector<std::int64_t> held_out;  // rows of the file to train on that are in another set

  const Dataset& named(std::string_view name) const {
    return name == "train" ? train : name == "test" ? test : validation;
  }
  // Calls use(name, set) for each set that has rows, the training set first.
  template <typename Use>
  void for_each(const Use& use) const {
    for (const auto& [name, set] : {std::pair{"train", &train}, {"validation", &validation}, {"test", &test}})
      if (set->size() > 0) use(std::string(name), *set);
  }
};

// Returns how many rows of the training file its reader is to read.
inline std::int64_t rows_to_read(const TrainingFiles& files) {
  return files.shuffle_rows ? -1 : files.max_train_rows;
}

// Draws the rows to train on from those that were read: with shuffle_rows max_train_rows of all, in the order
// of the file.
template <typename Dataset>
void draw_rows(const TrainingFiles& files, Dataset& train) {
  if (!files.shuffle_rows || files.max_train_rows < 0 || train.size() <= files.max_train_rows) return;
  std::vector<std::int64_t> rows(static_cast<std::size_t>(train.size()));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  Random random(files.seed, kDrawnRowsStream);
  random.shuffle(rows);
  rows.resize(static_cast<std::size_t>(files.max_train_rows));
  std::ranges::sort(rows);
  std::vector<std::string> notes = std::move(train.notes);
  train = data::subset(train, rows);
  train.notes = std::move(notes);
}

// The rows that are held out by default: enough to tell models apart, and no more, because they are read
// after each epoch.
inline constexpr double kHeldOutShare = 0.1;
inline constexpr std::int64_t kMostHeldOut = 10000;

// The split that holds out a share of the rows, and at most `most` of them. What stays together may be a
// little more: then the share is lowered.
inline data::Split split_at_most(const data::Texts& texts, double share, std::int64_t most,
                                 std::uint64_t seed) {
  const auto rows = static_cast<double>(texts.size);
  double smaller = std::min(share, static_cast<double>(most) / std::max(rows, 1.0));
  for (;;) {
    data::Split split = data::stratified_split(texts, smaller, seed);
    const auto held_out = static_cast<std::int64_t>(split.validation.size());
    if (held_out <= most || smaller <= 1 / rows) return split;
    smaller *= 0.99 * static_cast<double>(most) / static_cast<double>(held_out);
  }
}

// Holds out a share of the training set where no validation set was given, and says so in a note; false where
// nothing was. A fold of cross-validation becomes the test set instead. `texts` of sets.train say what stays
// together, and which classes are divided evenly.
template <typename Dataset>
bool hold_out(const TrainingFiles& files, DataSets<Dataset>& sets, const data::Texts& texts,
              std::string_view what, std::string_view how = "") {
  const bool is_fold = files.fold.count > 0;
  const double share = files.validation_split.value_or(kHeldOutShare);
  if (!is_fold && (!files.validation.empty() || share <= 0)) return false;
  const std::int64_t all = std::numeric_limits<std::int64_t>::max();
  const std::int64_t most = std::min(files.validation_split ? all : kMostHeldOut,
                                     files.max_validation_rows >= 0 ? files.max_validation_rows : all);
  data::Split chosen = is_fold ? data::stratified_split(texts, share, files.seed, files.fold)
                               : split_at_most(texts, share, most, files.seed);
  if (chosen.validation.empty()) return false;
  if (!is_fold) {
    const bool capped = static_cast<double>(most) < share * static_cast<double>(sets.train.size());
    sets.notes.push_back(fmt::format(
        "no `validation`: {} of the {} training {} are held out{} (`validation_split={}`{} `{}={}`)",
        chosen.validation.size(), sets.train.size(), what, how, share,
        capped ? fmt::format(", at most {},", most) : std::string(), files.own_seed ? "split_seed" : "seed",
        files.seed));
  }
  sets.notes.insert(sets.notes.end(), chosen.notes.begin(), chosen.notes.end());
  (is_fold ? sets.test : sets.validation) = data::subset(sets.train, chosen.validation);
  sets.held_out = std::move(chosen.validation);
  Dataset rest = data::subset(sets.train, chosen.train);
  rest.notes = std::move(sets.train.notes);
  sets.train = std::move(rest);
  return true;
}

}  // namespace bertune::tasks
