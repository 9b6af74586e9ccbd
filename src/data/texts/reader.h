// Reads the files that users have: CSV (RFC 4180), TSV (as GLUE writes it: quotes are text), JSON Lines, JSON
// arrays of objects, and plain text with one example per line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "data/files/format.h"
#include "data/files/shard.h"

namespace bertune::data {

// The meaning of labels that could mean two things, as all rows of a training set show it.
enum class LabelForm {
  as_written,
  places,          // lists of 0 and 1, a place for each label
  decimal_commas,  // numbers such as "1,5"
};

// Names of the columns that a model was trained on, or numbers; text_pair is empty where its texts were
// single. Labels in a form of two meanings have it in every file, whatever the rows of that file show.
struct TrainedColumns {
  std::string text, text_pair, label;
  LabelForm label_form = LabelForm::as_written;
  bool has_pairs() const { return !text_pair.empty(); }
};

struct ReadOptions {
  std::optional<Format> format = {};  // unset: by extension, or else by content
  // Names of columns (of labels also several, joined by commas: 0 or 1 each), or with header = false (and in
  // plain text) their numbers from 1. Empty: detected from the usual names; with a text column given, no pair
  // is detected.
  std::string text_column = {}, text_pair_column = {}, label_column = {};
  std::string id_column = {};                  // a column that is carried along
  std::string fold_column = {};                // a column, where there is one, that is none of these
  bool header = true;                          // CSV and TSV: the first record names the columns
  std::int64_t max_rows = -1;                  // negative: all
  bool labels_required = true;                 // a row or file without labels is an error
  bool guess_labels = true;                    // false: no column is the label unless named
  bool guess_pairs = true;                     // false: texts are single unless a pair's column is named
  std::optional<TrainedColumns> trained = {};  // what the columns are where none is named (trained_columns.h)
  // CSV and TSV: separates fields ('\0': ',' or the one that the first line shows; tab). Plain text: none by
  // default; when given, a line is cut at its first delimiter into columns "1" and "2" (TREC's "LABEL:kind
  // text").
  char delimiter = '\0';
  std::string encoding = {};      // of the file; empty: UTF-8, or what its bytes show
  std::int64_t max_bad_rows = 0;  // this many rows that cannot be used are left out; more are an error
  fs::path labels_file = {};      // its lines are the labels of the rows; empty: a column has them
};

struct ChosenColumn {
  std::string name;
  int index = -1;  // from 0 in file order; -1: there is none
  bool guessed = false;
  std::string reason = {};  // of a column that was not detected by a usual name: one phrase for the person
  explicit operator bool() const { return index >= 0; }
};

struct ColumnChoice {
  ChosenColumn text, text_pair, label, fold, id = {};
  std::vector<ChosenColumn> labels;  // columns of 0 and 1, one per label; `label` has all their names then
  std::vector<std::string> all;      // every column present, in file order
};

// One example. The views live as long as the Dataset (or until the next call on a RowStream).
struct Row {
  std::string_view text, text_pair;
  std::string_view label;  // without surrounding blanks; a JSON list is its JSON text
  std::string_view id;     // where ReadOptions::id_column names it
  bool has_label = false;
  std::int64_t line = 0;  // where the record begins, from 1
};

class Arena;
struct Storage;

// The properties of all rows of a file, and of a part of them (data/splits/subset.h).
struct AboutTexts {
  std::string path;  // as given, for messages
  ColumnChoice columns;
  bool has_pairs = false;
  // The names of all labels, where the file itself says which there are; else empty.
  std::vector<std::string> label_names;
  LabelForm label_form = LabelForm::as_written;    // that they had in the file
  std::shared_ptr<const Storage> storage;          // what the rows point into; copies and subsets share it
  std::shared_ptr<const void> label_storage = {};  // and their labels, once they are those of classes
};

struct Dataset : AboutTexts {
  std::vector<Row> rows;
  bool has_labels = false;         // the label column exists and at least one row has a label
  std::vector<std::string> notes;  // for a person: detected settings, replaced bytes, empty texts

  using Whole = AboutTexts;
  static constexpr std::vector<Row> Dataset::*kRows = &Dataset::rows;
  void take_over(const Dataset& whole, std::span<const std::int64_t> numbers);

  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
  // Gives back the memory that texts were read into from the file, when they are hardly needed any more.
  void release_pages() const;
  // "file:line" of a row, for messages.
  std::string where(const Row& row) const;
};

// Throws Error ("file:line: what is wrong") for a damaged file and UsageError for columns or options that do
// not fit it.
Dataset read_dataset(const fs::path& path, const ReadOptions& options = {});

// Rows one batch at a time in bounded memory, for prediction: from a file, a pipe or standard input.
class RowStream {
 public:
  RowStream(const fs::path& path, const ReadOptions& options);
  // The rows of a shard of the file, which are read as its beginning shows. Throws as ShardFile does.
  RowStream(const fs::path& path, const ReadOptions& options, const Shard& shard);
  // `name` stands for the file in messages ("standard input"). Without options.format: plain text, a text a
  // line.
  RowStream(std::istream& input, std::string name, const ReadOptions& options);
  RowStream(RowStream&&) noexcept;
  RowStream& operator=(RowStream&&) noexcept;
  ~RowStream();

  // The next rows in order, at most `max_rows`; false at the end. From a stream that is not a file it returns
  // what has arrived rather than wait for more. The views hold until the next call.
  bool next_batch(std::int64_t max_rows, std::vector<Row>& rows);
  bool next(Row& row);

  const ColumnChoice& columns() const;
  std::vector<std::string> notes() const;  // about the rows so far

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bertune::data
