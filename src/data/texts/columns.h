// Chooses the columns of the text, its pair, and the label: as the user named them, or detected from names
// and values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/texts/reader.h"

namespace bertune::data {

// The beginning of a file, as known before its columns are chosen.
struct TableHead {
  std::string path;
  std::int64_t header_line = 0;    // 0: there is no header
  std::vector<std::string> names;  // or numbers from "1"
  // Cells of the first rows and some others, a vector per column; empty where they are not looked at.
  std::vector<std::vector<std::string>> samples;
  std::vector<std::string> objects = {};  // names of those that hold objects or nested lists alone
};

// The place of a column from 0: by its exact name, or else the only one that differs in case alone; -1: there
// is none.
int column_named(const std::vector<std::string>& names, std::string_view name);
// Returns the message for a name that no column has, with the closest match: "there is no column "x" for
// `text_column` (did you mean "y"?)".
std::string no_such_column(const std::vector<std::string>& names, const std::string& name,
                           std::string_view option);

// Throws UsageError naming the columns present and the options that choose.
ColumnChoice choose_columns(const TableHead& head, const ReadOptions& options);

// Returns whether the names of the header look like an example instead: they are no usual names, and are such
// as the values below them.
bool header_is_an_example(const TableHead& head);

// Returns whether the column is the text, its pair, the label or one of the labels, or the fold.
bool is_used(const ColumnChoice& choice, int index);

}  // namespace bertune::data
