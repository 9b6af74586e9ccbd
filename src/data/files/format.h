// The formats of files of rows.
#pragma once

#include <optional>
#include <string_view>

#include "core/file.h"

namespace bertune::data {

enum class Format { csv, tsv, jsonl, json, text };

std::string_view to_string(Format format);
Format format_from_string(std::string_view name);  // throws UsageError, naming the choices
// Returns the format of an extension: .csv .tsv .jsonl .ndjson .json .txt, also with another behind it
// (train.csv.gz); .parquet is jsonl, which its rows are read as. Throws UsageError for any other.
Format format_from_path(const fs::path& path);
std::optional<Format> format_by_name(const fs::path& path);
// Detects the format from the beginning of the file, if the name says nothing.
Format guess_format(std::string_view head);

}  // namespace bertune::data
