// Findings are oddities in the data of a run, as values: what is odd, how serious it is, where it is, and
// what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/export.h"

namespace bertune {

enum class FindingKind {
  leak,             // rows whose texts are in the training set as well
  shared_context,   // questions about contexts that the training set has as well
  conflict,         // rows that share a text, but not the label
  untrained_label,  // labels that the training set lacks
  rare_label,       // labels that few rows of the training set have
  imbalance,        // one label has many times the rows of another
  one_label,        // all rows have the same label
  duplicate,        // rows that repeat the texts of an earlier one
  empty_text,       // rows without a text, or without one of both
  truncated,        // texts that are longer than the model reads, and are cut
  windowed,         // texts that are longer than the model reads, and are read in parts that overlap
  special_tokens,   // texts that hold tokens such as [SEP] themselves
  unknown_tokens,   // tokens that the vocabulary lacks: the model cannot read the texts
  near_leak,        // rows whose texts are nearly those of a training row
  near_duplicate,   // rows whose texts are nearly those of an earlier row of their set
  similar_labels,   // labels that differ in case, blanks or a typo: probably one label
  label_word,       // a word of the text tells the label by itself
  label_length,     // the length of the text tells the label by itself
  sorted,           // rows are sorted by label
  label_drift,      // labels have other shares than in the training set
  length_drift,     // texts have other lengths than in the training set
  word_drift,       // many words of the texts are not in the training set
  mojibake,         // texts that were decoded with the wrong encoding: "cafÃ©"
  markup,           // texts with remains of HTML
  boilerplate,      // most texts begin with the same words
  fragmented,       // the vocabulary cuts words into many pieces
  unknown_script,   // a script whose words the vocabulary reads letter by letter, or not at all
  cased_text        // capitals matter, and the model does not see them
};

// An error makes results worthless or wrong; a warning makes them worse or misleading.
enum class Severity { note, warning, error };

// Rows that belong together: for a leak, the training row and the other one.
struct FindingExample {
  std::vector<std::string> where;   // "train.csv:12" of each
  std::vector<std::string> labels;  // of each; "" where it has none; empty: labels are not compared
  std::string text;                 // the beginning of the text that they share, on one line
};

struct LabelRows {
  std::string label;
  std::int64_t rows = 0;  // of the training set
};

struct Finding {
  FindingKind kind = FindingKind::duplicate;
  Severity severity = Severity::warning;
  std::string set;  // "train", "validation" or "test"; empty: it is about all of them
  std::string unit =
      "row";  // what is counted: "row", "sentence", "question", "document", "text", "word", "tag"
  std::int64_t rows = 0, of_rows = 0;  // how many, and of how many
  std::int64_t exact = 0;              // duplicate: of these, those that are alike byte for byte
  std::int64_t with_other_label = 0;   // leak: of these, those whose label is another one in training
  std::int64_t limit =
      0;  // truncated, windowed: the tokens that are read at once; rare_label: too few rows end here
  std::int64_t tokens = 0, of_tokens = 0;  // truncated, unknown_tokens: how many tokens, and of how many
  std::vector<std::string> where;          // the first rows: "train.csv:12"
  std::vector<FindingExample> examples;    // the first of leaks, conflicts and duplicates
  std::vector<LabelRows> labels;  // those it is about; of an imbalance the most and the least frequent one
  std::string advice;             // what to do: "correct or remove them"; empty: nothing need be done
  std::string detail;             // the word, the beginning, the script that it is about; empty: none
  double value = 0;  // what was measured: label_word, label_length: accuracy; fragmented: pieces per word;
                     // drifts: a distance of shares, from 0 to 1
};

// Returns one line for a person: "test: 12 rows (3.0%) also appear in train; ...: remove them from train".
// Options are named in backticks, as in errors (bertune/error.h). Text from files is made safe to print.
BERTUNE_EXPORT std::string to_string(const Finding& finding);
BERTUNE_EXPORT std::string_view to_string(FindingKind kind);   // "leak", "shared_context", ...
BERTUNE_EXPORT std::string_view to_string(Severity severity);  // "note", "warning", "error"

}  // namespace bertune
