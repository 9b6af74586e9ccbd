#include "tasks/sentence_embedding/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "bertune/error.h"
#include "data/texts/labels.h"

namespace bertune::tasks {

data::Dataset read_pairs(const std::filesystem::path& path, data::ReadOptions options, bool with_scores) {
  options.labels_required = false;
  options.guess_labels = with_scores;
  data::Dataset pairs = data::read_dataset(path, options);
  if (!pairs.has_pairs) {
    throw UsageError(
        fmt::format("{}: its rows are single texts, and sentence embeddings are learned from pairs of texts; "
                    "name the columns with --text-column and --text-pair-column",
                    path.string()));
  }
  if (!pairs.has_labels) return pairs;
  const auto missing = std::ranges::find(pairs.rows, false, &data::Row::has_label);
  if (missing != pairs.rows.end()) {
    throw Error(fmt::format("{}: the pair has no score, and others have one (column \"{}\")",
                            pairs.where(*missing), pairs.columns.label.name));
  }
  return pairs;
}

std::vector<float> read_scores(const data::Dataset& pairs) {
  std::vector<float> scores;
  scores.reserve(pairs.rows.size());
  for (const data::Row& row : pairs.rows) {
    const std::optional<double> score = data::parse_number(row.label);
    if (!score || !std::isfinite(static_cast<float>(*score))) {
      throw Error(
          fmt::format("{}: the score \"{}\" is not a number (column \"{}\"); --embedding-loss "
                      "multiple-negatives-ranking learns from pairs without scores, each of two texts that "
                      "belong together",
                      pairs.where(row), row.label.substr(0, 60), pairs.columns.label.name));
    }
    scores.push_back(static_cast<float>(*score));
  }
  return scores;
}

double score_scale(const std::vector<float>& scores) {
  double largest = 0;
  for (const float score : scores) largest = std::max(largest, std::abs(static_cast<double>(score)));
  return largest <= 1 ? 1 : std::ceil(largest);
}

}  // namespace bertune::tasks
