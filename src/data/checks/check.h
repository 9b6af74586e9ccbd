// What a person should know about the data before training on it. Linear time; memory for two hashes a row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/texts/reader.h"

namespace bertune::data {

struct CheckOptions {
  std::int64_t few_rows = 10;     // a label with fewer training rows is reported
  double imbalance = 20.0;        // most frequent over least frequent label
  std::int64_t max_examples = 5;  // pairs of rows shown of each finding
  bool classification = true;     // false: label counts and conflicts are left out (regression)
};

struct NamedDataset {
  std::string name;  // "train", "validation", "test"; the first of a span is the training set
  const Dataset* dataset = nullptr;
};

struct LabelCount {
  std::string label;
  std::vector<std::int64_t> rows;  // one count a split, in the order given
};

// Two rows that share a text (after lower-casing ASCII and folding blanks).
struct RowPair {
  std::string first, second;              // file:line
  std::string first_label, second_label;  // empty where there is none
  std::string text;                       // the start of it
};

struct SplitCheck {
  std::string name, path;
  std::int64_t rows = 0;
  std::int64_t unlabeled = 0;
  std::int64_t empty_texts = 0;
  std::int64_t exact_duplicates = 0;       // rows that repeat an earlier row's text byte for byte
  std::int64_t normalized_duplicates = 0;  // the same after folding; includes the exact ones
  std::int64_t conflicting_rows = 0;       // rows whose text another row of the split has with another label
  std::vector<RowPair> duplicate_examples, conflict_examples;
  std::vector<std::string> empty_examples;  // file:line
  std::int64_t leaked_rows = 0;             // rows whose text also occurs in the first split (0 for that one)
  std::int64_t leaked_with_other_label = 0;
  std::vector<RowPair> leak_examples;  // first: the training row
};

struct LengthCheck {
  std::int64_t rows = 0, tokens = 0;
  std::int32_t p50 = 0, p90 = 0, p95 = 0, p99 = 0, max = 0;
  std::int64_t max_length = 0;
  std::int64_t truncated_rows = 0;
  double truncated_share = 0;   // of rows
  double lost_token_share = 0;  // of tokens
};

struct CheckResult {
  std::vector<SplitCheck> splits;
  std::vector<LabelCount> labels;        // most frequent in the first split first, then by name
  double imbalance = 1.0;                // most over least frequent label of the first split
  std::vector<std::string> rare_labels;  // fewer than few_rows training rows: "name (count)"
  std::vector<LengthCheck> lengths;      // as the caller adds them; empty: not measured
  CheckOptions options;
};

CheckResult check_datasets(std::span<const NamedDataset> splits, const CheckOptions& options = {});

// `lengths` count tokens before truncation, special ones included. Percentiles are nearest-rank.
LengthCheck check_lengths(std::span<const std::int32_t> lengths, std::int64_t max_length);

// One line each, the most serious first; empty when there is nothing to say.
std::vector<std::string> warnings(const CheckResult& result);

}  // namespace bertune::data
