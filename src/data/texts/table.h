// A file being read: its format, its columns, and its records turned into rows with everything odd counted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/bad_rows.h"
#include "data/files/labelled_lines.h"
#include "data/files/records.h"
#include "data/files/storage.h"
#include "data/texts/columns.h"
#include "data/texts/reader.h"

namespace bertune::data {

class Table {
 public:
  // Makes a table; without a format in the options, it is that of the name, or else what the content shows;
  // and plain text may be a table, or hold its labels.
  Table(std::string path, const ReadOptions& options);

  // Takes the byte order mark and the header off the front and chooses the columns. False: more input is
  // needed (never when `final`). Throws on an empty file.
  bool open(std::string_view& input, bool final);

  // The next record as a row whose views point into `arena`, or into the input when that `stays`.
  Parse next(std::string_view& input, bool final, bool stays, Arena& arena, Row& row);

  // Goes to a shard of the file: `input` is all that is left of its text behind open(). Returns what of it
  // next() is to be given.
  std::string_view cut(const ShardFile& file, std::string_view input, const Shard& shard);

  // Throws Error where more rows than options allow cannot be used, which are not among those that next()
  // gives. A stream is checked at each row.
  void check_bad_rows() const { bad_.check(path_, rows_, "rows"); }
  BadRows& bad_rows() { return bad_; }
  // Sets the number of rows that are good, where their labels were looked at since.
  void count_good_rows(std::int64_t rows) { rows_ = rows; }

  const ColumnChoice& columns() const { return choice_; }
  bool has_header() const { return head_.header_line > 0; }
  std::int64_t rows() const { return rows_; }
  std::int64_t labeled_rows() const { return labeled_; }
  std::vector<std::string> notes() const;

 private:
  // The count of an oddity, and the line of the first time.
  struct Tally {
    std::int64_t count = 0, line = 0;
    void add(std::int64_t at, std::int64_t times = 1) {
      if (count == 0) line = at;
      count += times;
    }
  };

  bool read_head(std::string_view input, bool final);
  void settle_format(std::string_view input);
  void settle_header(std::string_view input, bool final);
  bool sample_rows(RecordParser& parser, std::string_view input, bool final);
  std::vector<std::string> names_without_header(std::size_t columns) const;
  void sample_row();
  void sample_elsewhere(std::string_view input);
  bool has_given_columns() const;
  void find_spilled_text();
  // Each adds what is wrong with the row, if anything, to bad_, and says whether it can be used.
  bool read_row(bool stays, Arena& arena, Row& row);
  bool check_width();
  bool take_text(const ChosenColumn& column, bool stays, Arena& arena, std::string_view& text);
  bool take_label(bool stays, Arena& arena, Row& row);
  bool take_label_set(Arena& arena, Row& row);
  bool is_bad(std::string_view what);
  std::string_view spilled_text(bool stays, Arena& arena);
  bool in_lines() const { return *format_ == Format::text && layout_.form != LineLayout::Form::plain; }
  bool is_json() const { return *format_ == Format::jsonl || *format_ == Format::json; }
  std::string_view keep(const Cell& cell, std::int64_t line, bool stays, Arena& arena);
  std::string where(std::int64_t line) const;
  std::string tallied(const Tally& tally, std::string_view what) const;
  void add_guesses(std::vector<std::string>& notes) const;

  std::string path_;
  std::optional<Format> format_;
  ReadOptions options_;
  bool guesses_lines_;  // of plain text
  LineLayout layout_;
  std::unique_ptr<RecordParser> parser_;
  TableHead head_;
  std::vector<bool> nested_;  // a value was an object or a nested list, by column
  ColumnChoice choice_;
  Record record_;
  bool marked_ = false;  // the byte order mark was looked for
  std::int64_t rows_ = 0, labeled_ = 0;
  Tally replaced_, surrogates_, nul_, empty_, ragged_, repeated_headers_, spilled_;
  bool spills_ = false;  // the text continues in the columns behind it, which have no names
  BadRows bad_;
  std::vector<std::string> head_notes_, dialect_notes_;
};

}  // namespace bertune::data
