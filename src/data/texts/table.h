// A file being read: its format, its columns, and its records turned into rows with everything odd counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/records.h"
#include "data/files/storage.h"
#include "data/texts/columns.h"
#include "data/texts/reader.h"

namespace bertune::data {

class Table {
 public:
  Table(std::string path, Format format, const ReadOptions& options);

  // Takes the byte order mark and the header off the front and chooses the columns. False: more input is
  // needed (never when `final`). Throws on an empty file.
  bool open(std::string_view& input, bool final);

  // The next record as a row whose views point into `arena`, or into the input when that `stays`.
  Parse next(std::string_view& input, bool final, bool stays, Arena& arena, Row& row);

  const ColumnChoice& columns() const { return choice_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t labeled_rows() const { return labeled_; }
  bool header_taken() const { return head_.header_line > 0; }
  std::vector<std::string> notes() const;

 private:
  // How often something odd was met, and the line of the first time.
  struct Tally {
    std::int64_t count = 0, line = 0;
    void add(std::int64_t at, std::int64_t times = 1) {
      if (count == 0) line = at;
      count += times;
    }
  };

  bool read_head(std::string_view input, bool final);
  bool sample_rows(RecordParser& parser, std::string_view input, bool final);
  void check_width(const Record& record);
  std::string_view text_of(const Record& record, const ChosenColumn& column, bool stays, Arena& arena);
  void label_of(const Record& record, bool stays, Arena& arena, Row& row);
  std::string_view keep(const Cell& cell, std::int64_t line, bool stays, Arena& arena);
  std::string where(std::int64_t line) const;
  std::string tallied(const Tally& tally, std::string_view what) const;

  std::string path_;
  Format format_;
  ReadOptions options_;
  std::unique_ptr<RecordParser> parser_;
  TableHead head_;
  ColumnChoice choice_;
  Record record_;
  bool marked_ = false;  // the byte order mark was looked for
  std::int64_t rows_ = 0, labeled_ = 0;
  Tally replaced_, surrogates_, nul_, empty_, ragged_, repeated_headers_;
  std::vector<std::string> head_notes_;
};

}  // namespace bertune::data
