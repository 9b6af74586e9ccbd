#include "data/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bertune/error.h"
#include "data/sniff.h"
#include "data/storage.h"
#include "data/table.h"

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
  throw UsageError(fmt::format("unknown format \"{}\"; choose csv, tsv, jsonl, json or text", name));
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
      fmt::format("{}: the name does not say what format it is (.csv .tsv .jsonl .ndjson .json .txt); add "
                  "--format csv|tsv|jsonl|json|text",
                  path.string()));
}

std::string Dataset::where(const Row& row) const { return fmt::format("{}:{}", path, row.line); }

void Dataset::release_pages() const {
  if (storage) storage->file.release_pages();
}

Dataset read_dataset(const fs::path& path, const ReadOptions& options) {
  const auto storage = std::make_shared<Storage>(path);
  std::string_view input = storage->file.text();
  refuse_foreign_bytes(input, path.string());
  Table table(path.string(), options.format ? *options.format : format_from_path(path), options);
  table.open(input, true);
  Dataset dataset;
  dataset.path = path.string();
  dataset.storage = storage;
  Row row;
  while (options.max_rows < 0 || dataset.size() < options.max_rows) {
    if (table.next(input, true, true, storage->arena, row) != Parse::record) break;
    dataset.rows.push_back(row);
  }
  if (dataset.rows.empty() && options.max_rows != 0) throw Error(fmt::format("{}: is empty", dataset.path));
  dataset.columns = table.columns();
  dataset.has_pairs = static_cast<bool>(dataset.columns.text_pair);
  dataset.has_labels = table.labeled_rows() > 0;
  dataset.notes = table.notes();
  return dataset;
}

}  // namespace bertune::data
