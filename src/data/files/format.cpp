#include "data/files/format.h"

#include <fmt/format.h>

#include <string>

#include "bertune/error.h"
#include "core/lower_case.h"
#include "core/names.h"
#include "data/files/file_part.h"

namespace bertune::data {
namespace {

constexpr Names kNames(std::to_array<Named<Format>>({{Format::csv, "csv"},
                                                     {Format::tsv, "tsv"},
                                                     {Format::jsonl, "jsonl"},
                                                     {Format::json, "json"},
                                                     {Format::text, "text"}}));
constexpr Names kExtensions(std::to_array<Named<Format>>({{Format::csv, ".csv"},
                                                          {Format::tsv, ".tsv"},
                                                          {Format::jsonl, ".jsonl"},
                                                          {Format::jsonl, ".ndjson"},
                                                          {Format::jsonl, ".parquet"},
                                                          {Format::json, ".json"},
                                                          {Format::text, ".txt"}}));

}  // namespace

std::string_view to_string(Format format) { return kNames.of(format); }

Format format_from_string(std::string_view name) {
  if (const auto format = kNames.find(name)) return *format;
  throw UsageError("format", fmt::format("unknown format \"{}\"; choose {}", name, kNames.choices("or")));
}

Format format_from_path(const fs::path& path) {
  if (const auto format = format_by_name(file_part(path).file)) return *format;
  throw UsageError(
      "format",
      fmt::format("{}: the name does not say what format it is (.csv .tsv .jsonl .ndjson .json .txt "
                  ".parquet); add "
                  "`format=csv|tsv|jsonl|json|text`",
                  path.string()));
}

std::optional<Format> format_by_name(const fs::path& path) {
  for (fs::path name = path.filename(); name.has_extension(); name = name.stem()) {
    if (const auto format = kExtensions.find(lower_case(name.extension().string()))) return format;
  }
  return std::nullopt;
}

}  // namespace bertune::data
