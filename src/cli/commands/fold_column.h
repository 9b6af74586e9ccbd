// bertune train --fold-column: cross-validation with the folds of the data's authors.
#pragma once

#include "bertune/model.h"
#include "cli/options/train_options.h"
#include "data/splits/split.h"

namespace bertune::cli {

// Reads them from --train. Throws UsageError for files without columns (CoNLL, CoNLL-U, SQuAD's JSON, plain
// text), for a column that is read as something else, and for a --folds that is another number.
data::Fold folds_of_column(const TrainOptions& options, Architecture task);

}  // namespace bertune::cli
