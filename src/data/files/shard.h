// A file cut into shards, one for each of several processes: whole records, by where they begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/file.h"
#include "data/files/format.h"
#include "data/files/records.h"

namespace bertune::data {

struct Shard {
  std::int64_t index = 0, count = 1;  // 0 <= index < count
};

// Returns what is at most left of `size` bytes where shard `index` of `count` begins; 0 for index == count.
std::size_t left_at(std::size_t size, std::int64_t index, std::int64_t count);

// The bytes of a file that can be cut.
class ShardFile {
 public:
  // Throws Error for what is no regular file, and for packed and foreign bytes: a shard begins in the midst
  // of UTF-8 text. Throws UsageError for a member of a document ("data.json#train").
  explicit ShardFile(const fs::path& path);

  std::string_view bytes() const { return file_.text(); }
  std::string_view text() const;  // without a byte order mark
  // Returns the beginning of the file, which shows its form: whole lines, the header among them.
  std::string_view beginning() const;
  // Moves `input`, the end of the text, to where at most `left` bytes are left, as RecordParser::skip does;
  // memory does not grow with the file.
  void skip(RecordParser& parser, std::string_view& input, std::size_t left) const;
  void release_pages() const { file_.release_pages(); }

 private:
  MappedFile file_;
};

// The places between which records stand.
enum class Cut {
  lines,
  sentences,  // of CoNLL: behind a blank line
};

// The text of a shard, some of it at a time.
class ShardText {
 public:
  // Cuts at lines or sentences. Throws as ShardFile does.
  ShardText(const fs::path& path, const Shard& shard, Cut cut);
  // Cuts a table between its records.
  ShardText(const fs::path& path, const Shard& shard, Format format, char delimiter);

  std::string_view beginning() const { return file_.beginning(); }
  // Returns the next few records of the shard as a text, of a megabyte or as long as the first of them;
  // empty at the end.
  std::string next();
  // Returns all that is left of the shard.
  std::string_view rest() const { return rest_; }
  std::int64_t lines_before() const { return lines_before_; }  // in the file, before what comes next
  // Goes back to the first record of the file, from which next() gives all that the shard leaves to those
  // before it. For who must know what these held.
  void go_before();

 private:
  void pass(std::string_view& input, std::size_t left);

  ShardFile file_;
  Cut cut_ = Cut::lines;
  std::string_view all_, rest_;
  std::int64_t lines_before_ = 0, first_line_ = 0;
  std::size_t first_ = 0;  // where the first record begins
};

// Throws Error unless the rows of the file are lines of JSON.
void require_json_lines(const ShardFile& file, const fs::path& path);

// Returns the format of a file of questions: that of a table, or JSON Lines, which all others must be.
// `given`: by a person. Throws as require_json_lines does.
Format format_of_shards(const ShardFile& file, const fs::path& path, std::optional<Format> given);

}  // namespace bertune::data
