// Detects the meaning of lines and blank lines in plain text. Corpora come in a few layouts that no name
// tells apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bertune::data {

// The separator of the documents in a plain text file.
enum class DocumentPer {
  blank_line,  // the form of google-research/bert's create_pretraining_data.py
  file,        // blank lines separate paragraphs, if anything
  line,
};

std::string_view to_string(DocumentPer document_per);
DocumentPer document_per_from_string(std::string_view name);  // throws UsageError, naming the choices

struct TextLayout {
  DocumentPer document_per = DocumentPer::blank_line;
  bool wrapped_lines = false;      // the lines between two blank lines are one running text
  bool sentence_per_line = false;  // lines are sentences already, and are not split
};

// Returns whether lines were broken at a fixed width: of those that another line follows, most do not end a
// sentence, and most of the text is in lines nearly as long as the longest.
bool has_wrapped_lines(std::string_view text);

// The layout of a file by its beginning. Wrapped lines: a book, so one document per file. Groups of lines
// between blank lines: documents. Single lines between blank lines: paragraphs of one document. No blank
// lines: a document per line where lines hold several sentences, else one document of a sentence per line.
// `document_per`, when given, overrides the first.
TextLayout guess_layout(std::string_view beginning, std::optional<DocumentPer> document_per = {});

// Describes the layout in a note: "a document per file, wrapped lines joined".
std::string describe(const TextLayout& layout);

}  // namespace bertune::data
