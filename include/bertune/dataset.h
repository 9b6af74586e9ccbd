// Reads labeled rows of files, whatever their format, as inputs of a Predictor with their right answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bertune/export.h"
#include "bertune/metrics.h"
#include "bertune/model.h"
#include "bertune/prediction.h"

namespace bertune {

// The format of a file of rows. Empty members are detected from the file's name, its header and its first
// rows. Files may be compressed (gzip, zstd).
struct FileOptions {
  // csv, tsv, jsonl, json or text; of tagged words conll, conllu, jsonl or csv
  std::string format = {};
  // For multi-label classification, label_column may name the columns of 0 and 1, one per label, joined by
  // commas.
  std::string text_column = {}, text_pair_column = {}, label_column = {};
  std::string delimiter = {};  // one character, or "\t"
  bool no_header = false;      // the first line is data; columns are numbers from 1
  std::string encoding = {};   // as iconv names it; empty: UTF-8, or what the bytes show
  // The number of unusable rows (no label, too few fields) that may be left out; more are an error that names
  // the first.
  std::int64_t max_bad_rows = 0;
  std::filesystem::path labels_file = {};  // its lines are the labels of the rows
  std::string id_column = {};              // carried into predictions of texts, as their "id"; empty: none is
  bool strict = false;                     // an answer that its context does not hold is an error
};

struct LabelledInput {
  Input input;
  // The right answers. Texts: the label as it stands in the file. Sentences: the tags of their words.
  // Questions: all right answers, none if there is no answer. Multiple choice: the number of the right
  // choice.
  std::vector<std::string> labels;
  std::string where;  // "file:line"
};

// Reads a file for a head that answers rows of files: all but those of language models. Throws Error naming
// file:line for a damaged file and a missing label, and UsageError for options that do not fit the file.
BERTUNE_EXPORT std::vector<LabelledInput> read_dataset(const std::filesystem::path& path,
                                                       Architecture architecture,
                                                       const FileOptions& options = {});

// Returns the metrics of predicted classes or numbers, one per row, and the loss of their probabilities.
// `labels` are the model's. Throws Error for a label that the model lacks, and UsageError for other kinds of
// predictions or another number of them.
BERTUNE_EXPORT Metrics measure(std::span<const Prediction> predictions, std::span<const LabelledInput> rows,
                               std::span<const std::string> labels);

}  // namespace bertune
