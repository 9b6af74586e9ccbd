// Suggestions of what to label next: the rows of an unlabeled file from which a model would learn most.
//
//     for (const bertune::Suggestion& one : bertune::suggest({.unlabelled = "new.csv", .model =
//     "my-model"}).rows)
//       std::cout << one.where << ": " << one.text << '\n';
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "bertune/dataset.h"
#include "bertune/export.h"

namespace bertune {

struct SuggestOptions {
  std::filesystem::path unlabelled;
  // A model of texts with labels: rows that it is unsure of. Any other model, such as one of sentence
  // embeddings: rows that are unlike each other.
  std::filesystem::path model, base = {};  // folders; base: of an adapter
  FileOptions data = {};
  std::int64_t count = 200;
  std::optional<std::int64_t> max_length = {};  // tokens per text; unset: the model's, or 128
  std::uint64_t seed = 42;
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};  // in texts read; may be empty
  std::stop_token stop = {};
};

struct Suggestion {
  std::int64_t row = 0;  // in the file, from 0
  std::string where, text, text_pair = {}, id = {};
  std::vector<std::string> predicted = {};  // the label, or the labels; none by an untrained model
  std::optional<double> score = {};         // of the prediction
  // The probability of the first class less that of the second; of several labels the smallest distance of
  // one from its threshold, twice. 0: as unsure as can be.
  std::optional<double> margin = {};
};

struct Suggestions {
  bool by_margin = false;                  // else by clusters alone
  std::int64_t rows_read = 0, copies = 0;  // copies: rows that are the same as an earlier one, left out
  std::int64_t near_copies = 0;            // that were passed over for being nearly the same as a suggestion
  std::vector<Suggestion> rows;            // the ones to label first come first
};

// Returns at most options.count rows. With a trained model: of the rows with the smallest margins (Schröder
// et al. 2022, 2107.05687) those of different clusters of its features; else one row of each cluster (Yuan et
// al. 2020, 2010.09535). Throws Error for files that cannot be read, and UsageError for a trained model of
// another task.
BERTUNE_EXPORT Suggestions suggest(const SuggestOptions& options);

}  // namespace bertune
