// Labelled rows of files, whatever their format, as inputs of a Predictor and what is right of them.
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

// How a file of rows is read. Empty: by its name, its header and its first rows. Files may be packed (gzip,
// zstd).
struct FileOptions {
  // csv, tsv, jsonl, json or text; of tagged words conll, conllu, jsonl or csv
  std::string format = {};
  // Of several labels a row, label_column may be the columns of 0 and 1, one a label, joined by commas.
  std::string text_column = {}, text_pair_column = {}, label_column = {};
  std::string delimiter = {};  // one character, or "\t"
  bool no_header = false;      // the first line is data; columns are numbers from 1
  std::string encoding = {};   // as iconv names it; empty: UTF-8, or what the bytes show
  // So many rows that cannot be used (no label, too few fields) are left out; more are an error that names
  // the first.
  std::int64_t max_bad_rows = 0;
  std::filesystem::path labels_file = {};  // its lines are the labels of the rows
  std::string id_column = {};              // carried into predictions of texts, as their "id"; empty: none is
  bool strict = false;                     // an answer that its context does not hold is an error
};

struct LabelledInput {
  Input input;
  // Of texts the label as it stands in the file, of sentences the tags of their words; of questions all right
  // answers, none where there is none; of multiple choice the number of the right choice.
  std::vector<std::string> labels;
  std::string where;  // "file:line"
};

// Reads a file for a head that answers rows of files: all but those of language models. Throws Error naming
// file:line for a damaged file and a missing label, and UsageError for options that do not fit the file.
BERTUNE_EXPORT std::vector<LabelledInput> read_dataset(const std::filesystem::path& path,
                                                       Architecture architecture,
                                                       const FileOptions& options = {});

// How good predictions of classes or numbers are, and the loss of their probabilities. `labels`: the model's.
// Throws Error for a label that it lacks, and UsageError for other kinds of predictions.
BERTUNE_EXPORT Metrics measure(std::span<const Prediction> predictions, std::span<const LabelledInput> rows,
                               std::span<const std::string> labels);

}  // namespace bertune
