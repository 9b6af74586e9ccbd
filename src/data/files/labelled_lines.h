// Plain text whose lines hold their labels: fastText's, "text<TAB>label", "LABEL text", "text@label", and
// words with slots and an intent.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "data/files/records.h"

namespace bertune::data {

struct LineLayout {
  enum class Form {
    plain,       // a line is a text
    fields,      // a table, with `delimiter` between fields
    fasttext,    // "__label__x __label__y text"
    cut_first,   // a label in front of the first delimiter
    cut_last,    // a label behind the last
    word_slots,  // "book:O a:O table:B-x <=> intent"
    atis,        // "BOS book a table EOS<TAB>O O O B-x intent"
  };
  Form form = Form::plain;
  char delimiter = '\0';
  bool several = false;  // fastText: a line has more than one label
  std::string reason;    // one phrase for the person; empty for plain lines
};

// Detects the layout of nearly all of the first lines; `labelled` says that each line must hold a label, so
// that one in front or behind may be looked for. `delimiter`: as given; '\0': any.
LineLayout guess_line_layout(std::string_view text, char delimiter, bool labelled);

// Records of two cells, the label (of several, a JSON list) and the text, in the order of the line; where
// there is no label, it is empty. Not for tables.
std::unique_ptr<RecordParser> make_labelled_line_parser(std::string path, const LineLayout& layout);

}  // namespace bertune::data
