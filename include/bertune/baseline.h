// Simple methods to compare a model with: a result says little until one knows what a trivial method reaches
// on the same rows.
//
//     const bertune::Baselines simple = bertune::measure_baselines({.train = "train.csv", .test =
//     "test.csv"}); for (const bertune::Baseline& one : simple.baselines) std::cout << one.name << ' ' <<
//     one.score << '\n';
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bertune/dataset.h"
#include "bertune/export.h"

namespace bertune {

struct BaselineOptions {
  std::filesystem::path train, validation = {}, test = {};  // the last two may be empty
  FileOptions data = {};
  std::string task = {};          // "text-classification", ...; empty: by the data
  std::string problem_type = {};  // of text classification; empty: by the labels
  std::uint64_t seed = 42;        // of the rows that are held out where there is nothing to measure on
};

struct Baseline {
  // majority (the most frequent label, or each label that most rows have), tfidf_linear (logistic regression
  // on TF-IDF of words and pairs of words), mean, tfidf_ridge (ridge regression on these), most_frequent_tag
  // (of each word), word_overlap (the sentence, or the choice, that shares most words with the question), or
  // tfidf_cosine (how alike two texts are).
  std::string name;
  double score = 0;                                    // the value of Baselines::metric
  std::vector<std::pair<std::string, double>> values;  // all metrics, under the names that models have
  std::vector<double>
      rows;  // [rows]: what each row adds to the mean that is the metric; empty: it is no mean
  double seconds = 0;
};

struct Baselines {
  std::string task, set;                  // "test", "validation", or "train" of what learns nothing
  std::string metric;                     // "accuracy", "f1_micro", "mse", ...
  std::int64_t train_rows = 0, rows = 0;  // learned from (at most 50,000), measured on
  std::vector<Baseline> baselines;        // the simplest first
};

// A difference of means over the same rows, in the metric's unit, with its 95% interval by paired bootstrap.
struct PairedDifference {
  double difference = 0, low = 0, high = 0;
};

// Reads the files and measures the baselines of their task: on the test set, or else on the validation set,
// or else on rows held out as for training. Takes seconds. Throws as fine_tune does for files that cannot be
// read, and UsageError for a task without a baseline (sentence embeddings from pairs without scores).
BERTUNE_EXPORT Baselines measure_baselines(const BaselineOptions& options);

// Returns mean(model) - mean(baseline) of values per row (Efron and Tibshirani 1993; the percentile
// interval of 10,000 resamples, fewer of very many rows). Throws UsageError for different numbers of rows, or none.
BERTUNE_EXPORT PairedDifference paired_difference(const std::vector<double>& model,
                                                  const std::vector<double>& baseline,
                                                  std::uint64_t seed = 42);

}  // namespace bertune
