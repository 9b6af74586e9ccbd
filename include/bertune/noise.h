// Labels that are probably wrong: each row is judged by models that have not seen it.
//
//     const bertune::LabelNoise noise = bertune::find_label_noise({.train = "train.csv", .model = "model"});
//     for (const bertune::SuspiciousLabel& one : noise.ranked)
//       std::cout << one.where << ": " << one.given << ", or " << one.suggested << '\n';
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bertune/dataset.h"
#include "bertune/export.h"

namespace bertune {

struct NoiseOptions {
  std::filesystem::path train;
  std::filesystem::path model;  // a folder: its encoder makes features, and is not trained
  FileOptions data = {};
  std::string task = {};                             // "text-classification", ...; empty: by the data
  std::string problem_type = {};                     // of text classification; empty: by the labels
  std::filesystem::path exclude = {}, relabel = {};  // files of earlier corrections; empty: none
  std::optional<std::int64_t> max_length = {};       // tokens per text; unset: the task's default
  std::int64_t folds = 5;
  std::int64_t top = 0;  // how many to return; 0: those that are probably wrong
  std::uint64_t seed = 42;
};

// A label, how well it fits, and what would fit better.
struct SuspiciousLabel {
  std::int64_t row = 0;                   // in its file, from 0
  std::optional<std::int64_t> word;       // of tagged words: which of the sentence, from 0
  std::string where, text, text_pair;     // "train.csv:12"; the beginning of long texts
  std::string hash;                       // of the whole texts
  std::string word_text;                  // of tagged words
  std::string given, suggested;           // labels; of several joined by '|'; numbers
  double score = 0;                       // how well the given label fits, from 0 to 1
  std::optional<double> suggested_score;  // of one class: the probability of the suggested one
  double margin = 0;                      // the same against the best other label; of numbers the deviation
  bool is_issue = false;                  // whether it is probably wrong
  bool has_twin = false;                  // whether another row has the same texts and another label
};

// A label, how many items have it, and how many of them are probably wrong.
struct LabelErrors {
  std::string label;
  std::int64_t items = 0, wrong = 0;
};

struct ConfusedLabels {
  std::string given, suggested;
  std::int64_t items = 0;  // labeled with the first that probably have the second
};

struct LabelNoise {
  std::string task, set;     // "train", or "test" and others of a run
  std::string unit = "row";  // what has a label: "row", "word"
  std::int64_t items = 0;
  std::int64_t issues = 0;  // items whose label is probably wrong
  // The estimated share of wrong labels with its 95% interval; of numbers none. Of several labels a row each
  // is one. It takes mistakes of the models for wrong labels, where these are sure of them.
  std::optional<double> error_rate = {}, low = {}, high = {};
  std::vector<LabelErrors> labels = {};       // most wrong first
  std::vector<ConfusedLabels> confused = {};  // most frequent first
  std::vector<SuspiciousLabel> ranked = {};   // most suspicious first
};

// Judges the rows of a file by linear models on features that do not change: mean-pooled outputs of the
// encoder, and TF-IDF. Each model is trained on the other folds. Takes seconds to minutes. Throws as
// fine_tune does for files that cannot be read, and UsageError for tasks other than classes, several labels,
// tagged words and numbers.
BERTUNE_EXPORT LabelNoise find_label_noise(const NoiseOptions& options);

// Judges the rows of a run by its predictions, without a model: out-of-fold rows of a cross-validation, or
// test and validation rows. `set`: "out_of_fold", "test", "validation"; empty: the first of these that there
// is. Throws Error where the folder has no predictions.
BERTUNE_EXPORT LabelNoise find_label_noise(const std::filesystem::path& run, const std::string& set = {},
                                           std::int64_t top = 0);

}  // namespace bertune
