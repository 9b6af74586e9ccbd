// A file of text, whole or as a stream: packed or not (gzip, zstd), in any encoding, or a pipe. A Parquet
// file is the text of its rows as JSON Lines.
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"

namespace bertune::data {

// A pipe can be read once, and a run reads its files several times: for the task, for the folds, and for the
// rows. While one of these lives, what a pipe gave is kept, and read again from memory.
class KeptPipes {
 public:
  KeptPipes();
  ~KeptPipes();
  KeptPipes(const KeptPipes&) = delete;
  KeptPipes& operator=(const KeptPipes&) = delete;
};

class TextFile {
 public:
  // `encoding`: empty for UTF-8, what the mark of the file says, or what western texts are that are no UTF-8.
  // "-" is standard input. Throws Error naming the file and the reason, UsageError for an unknown encoding.
  explicit TextFile(const fs::path& path, const std::string& encoding = {});

  std::string_view text() const { return text_; }  // UTF-8, but for stray bytes; its mark may be in front
  void release_pages() const;                      // of memory that can be read from the file again
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::optional<MappedFile> mapped_;
  std::shared_ptr<const std::string> read_;
  std::string_view text_;
  std::vector<std::string> notes_;
};

// Returns the encoding to read a file by: the one given, the one marked, or the one detected, with a note.
// Empty: UTF-8. Memory does not grow with the file.
std::string encoding_of(const MappedFile& file, const std::string& path, const std::string& given,
                        std::vector<std::string>& notes);

// The same as a stream.
struct TextStream {
  std::unique_ptr<std::istream> stream;
  std::vector<std::string> notes;
};
TextStream open_text(const fs::path& path, const std::string& encoding = {});

}  // namespace bertune::data
