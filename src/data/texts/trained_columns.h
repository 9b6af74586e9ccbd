// Files for a model that was trained on others: they are read by the columns that it knows.
#pragma once

#include <string>
#include <vector>

#include "data/texts/columns.h"
#include "data/texts/reader.h"

namespace bertune::data {

// The options with the trained columns where nothing else was asked for (options.trained). Texts in columns
// of other names are left to be guessed, which is noted; labels are not, for rows would be scored against
// anything. Throws UsageError for labels, or a second text, that are wanted and not there.
ReadOptions with_trained_columns(const TableHead& head, ReadOptions options, std::vector<std::string>& notes);

// Throws UsageError where a model of pairs would get single texts.
void require_trained_kind(const TableHead& head, const ReadOptions& options, const ColumnChoice& choice);

}  // namespace bertune::data
