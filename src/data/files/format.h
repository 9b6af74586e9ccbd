// The formats of files of rows.
#pragma once

#include <string_view>

#include "core/file.h"

namespace bertune::data {

enum class Format { csv, tsv, jsonl, json, text };

std::string_view to_string(Format format);
Format format_from_string(std::string_view name);  // throws UsageError, naming the choices
// By extension: .csv .tsv .jsonl .ndjson .json .txt. Throws UsageError for any other.
Format format_from_path(const fs::path& path);

}  // namespace bertune::data
