// Files of corrections: rows to train on that are left out, or get another label. `noise` writes them, and
// people fill in the column `correct`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bertune/model.h"
#include "data/splits/subset.h"
#include "tasks/record.h"
#include "tasks/training_files.h"

namespace bertune::tasks {

// A label that is to be another one.
struct NewLabel {
  std::int64_t row = 0, word = -1;  // word: of tagged words, from 0
  std::string label = {};
  std::string given_at = {};  // "suspicious.csv:7", for messages
};

struct Corrected {
  std::vector<std::int64_t> kept;  // rows, ascending
  std::vector<NewLabel> labels;    // of rows that are kept, numbered as before
  std::vector<std::string> notes;
  bool any = false;  // whether there were corrections at all
};

// Reads files.relabel and files.exclude, and finds the rows that they name. A row is named by its place;
// where the file of corrections has a column `hash`, its texts must be those of then. Throws Error, naming
// both places, for a row that there is not or that has become another one, and for a file without the
// columns.
//   exclude: each row of the file is left out.
//   relabel: a row gets the label of the column `correct`; "drop" leaves it out, and nothing keeps it as it
//   is.
Corrected corrected(const TrainingFiles& files, std::int64_t rows,
                    const std::function<ItemText(std::int64_t row)>& text_of);

// Throws UsageError where there are corrections and the task's rows have no labels to correct.
void require_corrections_fit(const TrainingFiles& files, Architecture architecture);

// Leaves rows out; the set keeps its notes.
template <class Set>
void keep_rows(Set& set, const Corrected& corrections) {
  if (static_cast<std::int64_t>(corrections.kept.size()) == set.size()) return;
  std::vector<std::string> notes = std::move(set.notes);
  set = data::subset(set, corrections.kept);
  set.notes = std::move(notes);
}

}  // namespace bertune::tasks
