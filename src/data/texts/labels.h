// Converts the labels of rows to class ids, vectors of ids, or numbers, and back to names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bertune/config.h"
#include "data/texts/reader.h"

namespace bertune::data {

// Names of classes in the order of their ids. Where all names are whole numbers, "1" and "1.0" are one class
// (a column with gaps that went through a spreadsheet library comes back as floats); "007" and "1.10" are
// codes, and texts. "true", "True" and "TRUE" are one class, and so are yes and no.
class LabelMap {
 public:
  LabelMap() = default;
  explicit LabelMap(std::vector<std::string> id2label);

  std::int32_t size() const { return static_cast<std::int32_t>(id2label_.size()); }
  const std::vector<std::string>& id2label() const { return id2label_; }
  std::optional<std::int32_t> id_of(std::string_view label) const;

 private:
  std::vector<std::string> id2label_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::unordered_map<std::string, std::int32_t> same_;  // by another spelling of the name
  bool whole_numbers_ = false;                          // all names are
};

// Numbers by value, other names by code point.
void sort_names(std::vector<std::string>& names);
// Returns whether they are LABEL_0, LABEL_1, ..., which Transformers fills in where nobody gave names.
bool are_default_names(const std::vector<std::string>& names);
// The message that a label is not in the map, with the nearest and the known.
std::string unknown_label(const std::string& where, std::string_view label, const LabelMap& labels);

struct LabelOptions {
  // The names of a model folder: their order holds, and all labels must be among them. Default names
  // (LABEL_0, ...) say nothing and are ignored.
  std::vector<std::string> given = {};
  bool multi_label = false;
  char separator = '\0';  // between the labels of one row; '\0': detected
  bool is_sure = false;   // that the column holds classes, however many
};

// The classes of a training set: numbers by value, other names by code point. Throws Error for a single
// class, or, unless options are sure, so many classes that the label column is likely the wrong one.
LabelMap build_label_map(const Dataset& train, const LabelOptions& options = {});

// Makes the labels of all rows the names of their classes. The notes say which spellings are one class.
// Labels that the map lacks stay as they are.
std::vector<std::string> name_labels(Dataset& dataset, const LabelMap& labels);
// Leaves out rows with labels that the map lacks, at most `most`, with a note; where there are more, all
// stay.
void leave_out_unknown_labels(Dataset& dataset, const LabelMap& labels, std::int64_t most);

// One class id per row. A label that the map lacks is an Error naming file:line, the nearest known label and
// the known, and how many there are.
std::vector<std::int32_t> label_ids(const Dataset& dataset, const LabelMap& labels);

// Returns the separator of a row's labels: '|' when any row has one, else ','. JSON lists need none.
char guess_separator(const Dataset& dataset);
// The labels of one row of a multi-label set, in order, without empties and repeats; a list is read as one
// whatever the separator, in JSON or as Python writes it. `where` is for messages.
std::vector<std::string> split_labels(std::string_view label, char separator, const std::string& where);
// 0/1 targets [rows, labels]; rows without any label are all zero.
std::vector<float> multi_label_targets(const Dataset& dataset, const LabelMap& labels, char separator = '\0');

// The numbers of a regression; an Error names file:line of what is not a finite number.
std::vector<float> label_values(const Dataset& dataset);

struct ProblemTypeGuess {
  ProblemType type = ProblemType::single_label_classification;
  std::string reason;  // one sentence for the person
};
// Regression only for fractions with many distinct values; multi-label for lists, '|' inside labels, or
// numbers joined by commas.
ProblemTypeGuess guess_problem_type(const Dataset& train);

// A finite number and nothing else ("1e3", "-0.5", "+1"); not "nan", "inf", "0x10" or "1,5".
std::optional<double> parse_number(std::string_view text);

}  // namespace bertune::data
