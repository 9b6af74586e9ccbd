#include "data/texts/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/files/storage.h"
#include "data/texts/label_forms.h"
#include "data/texts/table.h"

namespace bertune::data {
std::string Dataset::where(const Row& row) const { return place_in(path, row.line); }

void Dataset::take_over(const Dataset& /*whole*/, std::span<const std::int64_t> /*numbers*/) {
  has_labels = std::ranges::any_of(rows, &Row::has_label);
}

void Dataset::release_pages() const {
  if (storage) storage->file.release_pages();
}

namespace {

// The n-th line is the label of the n-th row.
void take_labels_of(const fs::path& path, Dataset& dataset, Arena& arena) {
  const TextFile file(path);
  std::string_view text = file.text(), line;
  text.remove_prefix(byte_order_mark(text));
  std::size_t lines = 0;
  for (; !text.empty() && take_line(text, true, line); ++lines) {
    if (lines >= dataset.rows.size()) continue;
    Row& row = dataset.rows[lines];
    row.label = arena.copy(trim_blanks(line));
    row.has_label = !row.label.empty();
  }
  if (lines != dataset.rows.size()) {
    throw Error(fmt::format("{}: has {} lines, and {} has {} rows; each line must be the label of one row",
                            path.string(), lines, dataset.path, dataset.rows.size()));
  }
  dataset.columns.label = {.name = path.filename().string()};
  dataset.has_labels = std::ranges::any_of(dataset.rows, &Row::has_label);
  dataset.notes.push_back(fmt::format("{}: its labels are the lines of {}", dataset.path, path.string()));
}

// A file of labels names them, and no column does.
ReadOptions options_for_table(ReadOptions options) {
  if (options.labels_file.empty()) return options;
  if (!options.label_column.empty())
    throw UsageError("labels_file",
                     "`labels_file` and `label_column` both say where the labels are; leave one out");
  options.labels_required = options.guess_labels = false;
  return options;
}

}  // namespace

Dataset read_dataset(const fs::path& path, const ReadOptions& options) {
  const auto storage = std::make_shared<Storage>(path, options.encoding);
  std::string_view input = storage->file.text();
  Table table(path.string(), options_for_table(options));
  table.open(input, true);
  Dataset dataset;
  dataset.path = path.string();
  dataset.storage = storage;
  Row row;
  while (options.max_rows < 0 || dataset.size() < options.max_rows) {
    if (table.next(input, true, true, storage->arena, row) != Parse::record) break;
    dataset.rows.push_back(row);
  }
  dataset.columns = table.columns();
  for (const ChosenColumn& label : dataset.columns.labels) dataset.label_names.push_back(label.name);
  dataset.has_pairs = static_cast<bool>(dataset.columns.text_pair);
  dataset.has_labels = table.labeled_rows() > 0;
  if (!options.labels_file.empty()) take_labels_of(options.labels_file, dataset, storage->arena);
  settle_labels(dataset, storage->arena, options, table.bad_rows());
  table.check_bad_rows();
  if (dataset.rows.empty() && options.max_rows != 0) throw Error(fmt::format("{}: is empty", dataset.path));
  std::vector<std::string> notes = storage->file.notes();
  for (std::vector<std::string> more : {table.notes(), dataset.notes})
    notes.insert(notes.end(), more.begin(), more.end());
  dataset.notes = std::move(notes);
  return dataset;
}

}  // namespace bertune::data
