// Checks the rows of any task before training on them, for a person. Linear time; memory for two hashes a
// row, and where near-duplicates are looked for about 160 bytes more.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/findings.h"
#include "bertune/tokenizer.h"
#include "data/checks/lengths.h"
#include "data/texts/texts.h"

namespace bertune::data {

// The names of a task's rows and labels, and the limits of the checks.
struct CheckOptions {
  std::int64_t few_rows = 10;     // a label with fewer training rows is rare; 0: none is
  double imbalance = 20.0;        // most frequent over least frequent label that is a finding; 0: none is
  std::int64_t max_examples = 5;  // of each finding
  std::string unit = "row";       // what a row is: "row", "sentence", "question"
  std::string label = "label";    // what a row's label is: "label", "tag", "choice"
  bool several = false;           // a row may have several labels
  bool conflicts = true;          // whether rows with the same texts should have the same label
  bool numbers = false;           // labels are numbers: their range is of interest
  std::int64_t max_near_rows = 100'000;      // of all sets, up to which near-duplicates are looked for
  const BertTokenizer* tokenizer = nullptr;  // of the model to train; null: there is none yet

  // Returns whether a row has one label out of several classes, which words and lengths may give away.
  bool has_classes() const { return label == "label" && conflicts && !several && !numbers; }
};

// Tells the labels of a row: one, or several, or one per word.
using LabelsOf = std::function<void(std::int64_t row, const std::function<void(std::string_view)>& tell)>;

// A set to be checked. The first one is the training set.
struct NamedTexts {
  std::string name;  // "train", "validation", "test"
  Texts texts;
  LabelsOf labels = {};                      // to be counted; empty: they are not
  std::optional<Texts> contexts = {};        // of questions: their contexts alone
  std::optional<ColumnChoice> columns = {};  // that were read, of texts
  std::vector<std::string> notes = {};       // of the reader
};

NamedTexts named_texts(std::string name, const Dataset& dataset);

// "1,234 words", "3 choices each".
struct Count {
  std::int64_t number = 0;
  std::string unit;        // of one of them: "word"
  std::string after = {};  // " each"
};

struct NumberRange {
  double least = 0, median = 0, mean = 0, most = 0;
};

struct SetCheck {
  std::string name, path, unit;
  std::int64_t rows = 0, unlabeled = 0;
  std::vector<Count> counts = {};  // of what is in the rows, as the caller adds them: "1,234 words"
  std::optional<NumberRange> numbers = {};
  std::optional<LengthCheck> lengths = {};  // as the caller adds them
  std::optional<ColumnChoice> columns = {};
  std::vector<std::string> notes = {};
};

struct LabelCount {
  std::string label;
  std::vector<std::int64_t> rows;  // one count a set, in the order given
};

struct CheckResult {
  std::vector<SetCheck> sets;
  std::string label = "label";        // what is counted in `labels`
  std::vector<LabelCount> labels;     // most frequent in the first set first, then by name
  std::string lengths_of;             // what was measured, in words; empty: texts
  std::vector<std::int64_t> labeled;  // [sets]: rows, or words, that have a label: what shares are of
  std::vector<Finding> findings;      // the most serious first
};

// Puts the most serious findings first, and of equally serious ones those that concern the larger share.
void rank_findings(std::vector<Finding>& findings);

CheckResult check_texts(std::span<const NamedTexts> sets, const CheckOptions& options = {});

// The measurements of a set.
struct Lengths {
  std::string set;                       // its name
  std::span<const std::int32_t> tokens;  // before truncation, special tokens included
  std::int64_t per_row = 1;              // how many of them belong to a row
  std::int64_t max_length = 0;
  std::string unit = "text";  // "text", "sentence", "question", "choice"
  bool windowed = false;      // long ones are read in parts, and nothing is lost
};

// Adds them to the set, and a finding where some are too long. `texts` says where the rows are.
void add_lengths(CheckResult& result, const Lengths& lengths, const Texts& texts);

// Adds to the number of texts, or of words, of all sets that hold special tokens themselves.
void add_special_tokens(CheckResult& result, std::int64_t count, const std::string& unit = "text");

// Adds a finding where too many tokens of a set are [UNK].
void add_unknown_tokens(CheckResult& result, const std::string& set, std::int64_t unknown,
                        std::int64_t tokens);

// The labels of the rows of a set with one label per row.
LabelsOf one_label(const Texts& texts);

}  // namespace bertune::data
