// A validation set, or a fold, taken from the rows to train on.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/splits/split.h"
#include "tasks/training_files.h"

namespace bertune::tasks {

// The sets that a training run reads, each without rows where there is none.
template <class Dataset>
struct DataSets {
  Dataset train, validation, test;
  std::vector<std::string> notes;      // on all of them
  std::vector<std::int64_t> held_out;  // rows of the file to train on that are in another set
};

// Holds out a share of the training set where no validation set was given, and says so in a note; false where
// nothing was. A fold of cross-validation becomes the test set instead. `choose` is that of the task
// (data/splits/split.h, data/checks/sets.h).
template <typename Dataset, typename Choose>
bool hold_out(const TrainingFiles& files, DataSets<Dataset>& sets, const Choose& choose,
              std::string_view what, std::string_view how = "") {
  const bool is_fold = files.fold.count > 0;
  if (!is_fold && (!files.validation.empty() || files.validation_split <= 0)) return false;
  data::Split chosen = choose(sets.train, files.validation_split, files.seed, files.fold);
  if (chosen.validation.empty()) return false;
  if (!is_fold) {
    sets.notes.push_back(fmt::format(
        "no `validation`: {} of the {} training {} are held out{} (`validation_split={}` `seed={}`)",
        chosen.validation.size(), sets.train.size(), what, how, files.validation_split, files.seed));
  }
  sets.notes.insert(sets.notes.end(), chosen.notes.begin(), chosen.notes.end());
  (is_fold ? sets.test : sets.validation) = subset(sets.train, chosen.validation);
  sets.held_out = std::move(chosen.validation);
  Dataset rest = subset(sets.train, chosen.train);
  rest.notes = std::move(sets.train.notes);
  sets.train = std::move(rest);
  return true;
}

}  // namespace bertune::tasks
