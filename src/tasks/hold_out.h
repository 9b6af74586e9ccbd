// A validation set, or a fold, taken from the rows to train on.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Holds out a share of the training set where no validation set was given, and says so in a note; false where
// nothing was. A fold of cross-validation becomes the test set instead. `texts` of sets.train say what stays
// together, and which classes are divided evenly.
template <typename Dataset>
bool hold_out(const TrainingFiles& files, DataSets<Dataset>& sets, const data::Texts& texts,
              std::string_view what, std::string_view how = "") {
  const bool is_fold = files.fold.count > 0;
  if (!is_fold && (!files.validation.empty() || files.validation_split <= 0)) return false;
  data::Split chosen = data::stratified_split(texts, files.validation_split, files.seed, files.fold);
  if (chosen.validation.empty()) return false;
  if (!is_fold) {
    sets.notes.push_back(fmt::format(
        "no `validation`: {} of the {} training {} are held out{} (`validation_split={}` `seed={}`)",
        chosen.validation.size(), sets.train.size(), what, how, files.validation_split, files.seed));
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
