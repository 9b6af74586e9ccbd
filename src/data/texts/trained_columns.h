// Files for a model that was trained on others: they are read by the columns that it knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/texts/columns.h"
#include "data/texts/reader.h"

namespace bertune::data {

// The options with the trained columns where nothing else was asked for (options.trained). Texts in columns
// of other names are left to be guessed, which is noted; labels are not, for rows would be scored against
// anything. Throws UsageError for labels, or a second text, that are wanted and not there.
ReadOptions with_trained_columns(const TableHead& head, ReadOptions options, std::vector<std::string>& notes);

// Columns of labels, one a label, that differ in case from trained ones get the names of these: a model knows
// its labels by them.
void name_labels_as_trained(const ReadOptions& options, ColumnChoice& choice);

// Whether lines with one delimiter each are single texts to predict and no fields: a model of single texts
// whose column has a name finds that, or labels that are wanted, in no such line. `input` begins with the
// first.
bool are_trained_texts(std::string_view input, char delimiter, const ReadOptions& options);

// Throws UsageError where a model of pairs would get single texts.
void require_trained_kind(const TableHead& head, const ReadOptions& options, const ColumnChoice& choice);

// Whether the columns had no names in training, and so are known by their numbers.
bool has_numbered_columns(const TrainedColumns& trained);
// Such columns by the names that a file has for them.
TrainedColumns named_by_place(TrainedColumns trained, const std::vector<std::string>& names);

}  // namespace bertune::data
