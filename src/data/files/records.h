// Cuts the bytes of a file into records of cells, one parser a format. Parsers work on whatever part of the
// file is in memory, so the same code reads a mapped file and a pipe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/dialect.h"
#include "data/files/format.h"

namespace bertune::data {

enum class CellKind {
  missing,
  text,
  doubled_quotes,  // CSV: text in which each "" stands for one quote
  number,
  boolean,
  null,
  list,    // JSON text of a list of strings, numbers and booleans
  nested,  // any other JSON value, not kept
};

struct Cell {
  std::string_view text;
  CellKind kind = CellKind::missing;
  bool in_input = false;  // a view into the input; else valid until the next record
};

struct Record {
  std::int64_t line = 0;  // for place_in()
  std::vector<Cell> cells;
  std::uint64_t replaced = 0;    // malformed UTF-8 that the parser itself had to replace (JSON)
  std::uint64_t surrogates = 0;  // of JSON: halves of a pair that became U+FFFD
};

// A place in a file for messages: "file:line", or "file: row 7" for what place_of_row(7) gives, since the
// rows of a list on one line have no lines of their own.
std::string place_in(std::string_view path, std::int64_t line);
std::int64_t place_of_row(std::int64_t number);  // from 1

enum class Parse { record, incomplete, end };

class RecordParser {
 public:
  explicit RecordParser(std::string path) : path_(std::move(path)) {}
  virtual ~RecordParser() = default;

  // Takes the next record off the front of `input`. `final` says that nothing follows `input`; without it,
  // the answer may be `incomplete`: call again with the same beginning and more behind it.
  virtual Parse next(std::string_view& input, bool final, Record& record) = 0;

  // JSON: the keys met so far, which number the cells. Once set, keys outside them are ignored.
  virtual std::vector<std::string> keys() const { return {}; }
  virtual void set_keys(const std::vector<std::string>&) {}
  virtual std::unique_ptr<RecordParser> clone() const = 0;

  // Passes over records, and counts their lines, until one begins where at most `left` bytes of `input` are
  // left, which is all of the file from the first record on. Where records are more than lines, they are
  // looked at no closer than it takes. Throws Error for forms of JSON whose rows are not lines.
  virtual void skip(std::string_view& input, std::size_t left);
  // The front of the input is another line of the file from here on.
  virtual void set_line(std::int64_t line) { line_ = line; }
  // Returns a parser for records in the midst of the input.
  std::unique_ptr<RecordParser> clone_behind_preamble() const {
    std::unique_ptr<RecordParser> parser = clone();
    parser->begun_ = true;
    return parser;
  }

  std::int64_t blank_lines() const { return blank_lines_; }
  std::int64_t line() const { return line_; }  // of the front of the input; not of JSON

 protected:
  std::string where(std::int64_t line) const;
  // Takes blank lines off the front and counts them.
  void skip_blank_lines(std::string_view& input);
  // Takes what is above the table off the front, before the first record.
  void skip_preamble(const Dialect& dialect, std::string_view& input);
  // Takes the field off a record that rows have and the header lacks.
  static void drop_surplus(const Dialect& dialect, Record& record);

  std::string path_;
  std::int64_t line_ = 1;  // of the front of the input
  std::int64_t blank_lines_ = 0;
  bool begun_ = false;
};

std::unique_ptr<RecordParser> make_csv_parser(std::string path, const Dialect& dialect);
std::unique_ptr<RecordParser> make_tsv_parser(std::string path, const Dialect& dialect);
// The parser makes a line one cell without a delimiter; with one, it is cut at the first.
std::unique_ptr<RecordParser> make_text_parser(std::string path, char delimiter);
// Objects one per line, in a list, or in any other form (json_rows.h). `lines_before`: of the stream whose
// next lines the input is. `in_lines`: as for shape_of_json().
std::unique_ptr<RecordParser> make_json_parser(std::string path, std::int64_t lines_before = 0,
                                               bool in_lines = false);

// The parser of a format. Where `delimiter` is '\0', fields of CSV are separated as the beginning of the
// file, `text`, shows (which is noted, unless it is a comma), those of TSV by tabs, and lines of plain text
// are not cut. `lines_before` is of JSON Lines.
std::unique_ptr<RecordParser> make_parser(const std::string& path, Format format, char delimiter,
                                          std::string_view text, std::vector<std::string>& notes,
                                          std::int64_t lines_before = 0);

// Returns whether records are lines of fields, of which the first may name the columns: CSV and TSV.
bool is_delimited(Format format);

std::string cell_text(const Cell& cell);
// The text as a name: without blanks at its ends, and malformed UTF-8 replaced.
std::string cell_name(const Cell& cell);

// The text of a cell of the kind doubled_quotes. `memory` holds at least the size of the text.
std::string_view undouble_quotes(std::string_view text, char* memory);

// Returns the text without ASCII blanks at both ends.
std::string_view trim_blanks(std::string_view text);
// Returns whether nothing is left then.
bool is_blank(std::string_view text);

// Moves `input` to the first line that begins where at most `left` bytes are left; returns the lines passed.
std::int64_t skip_lines(std::string_view& input, std::size_t left);

// One line off the front of `input`, without its end ("\n" or "\r\n"). False: no line end there yet.
bool take_line(std::string_view& input, bool final, std::string_view& line);

}  // namespace bertune::data
