#include "data/texts/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "data/files/sniff.h"
#include "data/files/storage.h"
#include "data/texts/table.h"

namespace bertune::data {
std::string Dataset::where(const Row& row) const { return fmt::format("{}:{}", path, row.line); }

void Dataset::take_over(const Dataset& /*whole*/, std::span<const std::int64_t> /*numbers*/) {
  has_labels = std::ranges::any_of(rows, &Row::has_label);
}

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
