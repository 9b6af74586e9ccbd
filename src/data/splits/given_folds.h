// Folds that a column of the training file gives, as published results have them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/texts/reader.h"
#include "data/texts/texts.h"

namespace bertune::data {

struct GivenFolds {
  std::string path, column;
  // The names of the folds: ascending numbers if all are whole numbers, else ascending by byte.
  std::vector<std::string> names;
  std::vector<std::int64_t> fold_of;  // [records]: a number in `names`
  std::vector<std::int64_t> line_of;  // [records]: where each begins, from 1

  std::int64_t count() const { return static_cast<std::int64_t>(names.size()); }
  // A fold's name for result files: a number where all names are numbers as JSON writes them, else a text.
  Json json_name(std::int64_t fold) const;
};

// Returns the record of the file for each row, by its line: some records may have been left out. Throws Error
// where the file has become another one.
std::vector<std::int64_t> records_of_rows(const Texts& texts, const GivenFolds& folds);

// Reads options.fold_column of all records; of the other options header and delimiter. Throws UsageError for
// a column that is not there (naming the nearest), for one value and for more than a hundred; Error with
// file:line for a damaged file and for a record without a fold. `format` is not Format::text.
GivenFolds read_given_folds(const fs::path& path, Format format, const ReadOptions& options);

}  // namespace bertune::data
