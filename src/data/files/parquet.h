// Parquet files, as the JSON Lines of their rows. A library with Arrow reads them, which is loaded for the
// first one.
#pragma once

#include <istream>
#include <memory>
#include <string_view>

#include "core/file.h"

namespace bertune::data {

// Detects a Parquet file by its beginning.
bool is_parquet(std::string_view head);

// Returns the rows, an object a line: all columns in the file's order, null for what is missing, and the name
// of a ClassLabel of Hugging Face's `datasets` in place of its number. A line's number is that of the row.
// Throws Error, as reading does, where the file is damaged, has columns that are not text, or the library is
// not there (libbertune_parquet.so, beside the program, in ../lib/bertune, or as BERTUNE_PARQUET_LIBRARY
// says).
std::unique_ptr<std::istream> open_parquet(const fs::path& path);

}  // namespace bertune::data
