#include "data/texts/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "data/files/label_lines.h"
#include "data/files/records.h"
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
void take_labels_of(const fs::path& path, Dataset& dataset, bool is_part, Arena& arena) {
  const LabelLines labels(path);
  labels.require(dataset.rows.size(), "rows", dataset.path, is_part);
  for (std::size_t i = 0; i < dataset.rows.size(); ++i) {
    dataset.rows[i].label = arena.copy(labels.lines()[i]);
    dataset.rows[i].has_label = !dataset.rows[i].label.empty();
  }
  dataset.columns.label = {.name = path.filename().string()};
  dataset.has_labels = std::ranges::any_of(dataset.rows, &Row::has_label);
  dataset.notes.push_back(labels.note(dataset.path));
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
  // A part of the rows has the first labels, unless lines were left out in between.
  const auto lines = dataset.rows.empty() ? 0 : dataset.rows.back().line - dataset.rows.front().line + 1;
  const bool is_part =
      options.max_rows >= 0 && table.bad_rows().count() == 0 && lines == std::ssize(dataset.rows);
  if (!options.labels_file.empty()) take_labels_of(options.labels_file, dataset, is_part, storage->arena);
  settle_labels(dataset, storage->arena, options, table.bad_rows());
  table.count_good_rows(dataset.size());
  table.check_bad_rows();
  if (dataset.rows.empty() && options.max_rows != 0) throw Error(fmt::format("{}: is empty", dataset.path));
  std::vector<std::string> notes = storage->file.notes();
  for (std::vector<std::string> more : {table.notes(), dataset.notes})
    notes.insert(notes.end(), more.begin(), more.end());
  dataset.notes = std::move(notes);
  return dataset;
}

}  // namespace bertune::data
