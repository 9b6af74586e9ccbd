#include "data/files/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "bertune/error.h"
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
                                                          {Format::json, ".json"},
                                                          {Format::text, ".txt"}}));

}  // namespace

std::string_view to_string(Format format) { return kNames.of(format); }

Format format_from_string(std::string_view name) {
  if (const auto format = kNames.find(name)) return *format;
  throw UsageError("format", fmt::format("unknown format \"{}\"; choose {}", name, kNames.choices("or")));
}

Format format_from_path(const fs::path& path) {
  std::string extension = file_part(path).file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char character) {
    return static_cast<char>(character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character);
  });
  if (const auto format = kExtensions.find(extension)) return *format;
  throw UsageError(
      "format",
      fmt::format("{}: the name does not say what format it is (.csv .tsv .jsonl .ndjson .json .txt); add "
                  "`format=csv|tsv|jsonl|json|text`",
                  path.string()));
}

}  // namespace bertune::data
