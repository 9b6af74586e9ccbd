#include "data/files/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "bertune/error.h"

namespace bertune::data {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 5> kNames = {{{"csv", Format::csv},
                                                                        {"tsv", Format::tsv},
                                                                        {"jsonl", Format::jsonl},
                                                                        {"json", Format::json},
                                                                        {"text", Format::text}}};
constexpr std::array<std::pair<std::string_view, Format>, 6> kExtensions = {{{".csv", Format::csv},
                                                                             {".tsv", Format::tsv},
                                                                             {".jsonl", Format::jsonl},
                                                                             {".ndjson", Format::jsonl},
                                                                             {".json", Format::json},
                                                                             {".txt", Format::text}}};

}  // namespace

std::string_view to_string(Format format) {
  for (const auto& [name, value] : kNames) {
    if (value == format) return name;
  }
  return "unknown";
}

Format format_from_string(std::string_view name) {
  for (const auto& [known, format] : kNames) {
    if (name == known) return format;
  }
  throw UsageError("format",
                   fmt::format("unknown format \"{}\"; choose csv, tsv, jsonl, json or text", name));
}

Format format_from_path(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char character) {
    return static_cast<char>(character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character);
  });
  for (const auto& [known, format] : kExtensions) {
    if (extension == known) return format;
  }
  throw UsageError(
      "format",
      fmt::format("{}: the name does not say what format it is (.csv .tsv .jsonl .ndjson .json .txt); add "
                  "`format=csv|tsv|jsonl|json|text`",
                  path.string()));
}

}  // namespace bertune::data
