// Cross-validation with the folds of the data's authors.
#pragma once

#include <cstdint>
#include <optional>

#include "bertune/model.h"
#include "data/splits/split.h"
#include "tasks/training_files.h"

namespace bertune::runs {

// Reads the folds from files.train. Throws UsageError for files without columns (CoNLL, CoNLL-U, SQuAD's
// JSON, plain text), for a column that is read as something else, and where `asked` is another number of
// folds.
data::Fold folds_of_column(const tasks::TrainingFiles& files, std::optional<std::int64_t> asked,
                           Architecture task);

}  // namespace bertune::runs
