// Documents of running text from files, for pre-training: as their sentences, one after the other, in memory
// that does not grow with the file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/file.h"
#include "data/documents/text_layout.h"
#include "data/texts/reader.h"

namespace bertune::data {

struct DocumentOptions {
  std::optional<Format> format = {};             // unset: by extension
  std::string text_column = "text";              // of tables and JSON: a document per row
  std::optional<DocumentPer> document_per = {};  // of plain text; unset: detected for each file
};

class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  // The next sentence of the document, not empty; the view holds during the call. Plain text may hold
  // malformed UTF-8.
  virtual void sentence(std::string_view text) = 0;
  // The document is complete. It may have had no sentence.
  virtual void end_document() = 0;
};

class DocumentReader {
 public:
  explicit DocumentReader(const DocumentOptions& options) : options_(options) {}

  // All documents of a file, in order. Throws Error for a file that is no text, cannot be read or holds
  // nothing, naming it.
  void read(const fs::path& path, DocumentSink& sink);

  // Returns notes on the files so far, for a person: detected settings, and what is odd in tables.
  std::vector<std::string> notes() const;

 private:
  void read_text(const fs::path& path, DocumentSink& sink);
  TextLayout read_mapped(const fs::path& path, DocumentSink& sink);
  TextLayout read_stream(const fs::path& path, DocumentSink& sink);
  void read_rows(const fs::path& path, Format format, DocumentSink& sink);

  DocumentOptions options_;
  struct Files {
    std::string first;
    std::int64_t count = 0;
  };
  std::map<std::string, Files> layouts_;  // by description
  std::vector<std::string> row_notes_;
};

}  // namespace bertune::data
