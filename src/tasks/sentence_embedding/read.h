// Pairs of texts to learn sentence embeddings from, with or without scores.
#pragma once

#include <filesystem>
#include <vector>

#include "data/texts/reader.h"

namespace bertune::tasks {

// Throws UsageError where rows hold single texts, and Error, naming file:line, for a score that is missing
// where others have one. `with_scores` false: no column is taken for scores.
data::Dataset read_pairs(const std::filesystem::path& path, data::ReadOptions options, bool with_scores);

// The scores as they stand in the file [rows]. Throws Error, naming file:line, for one that is not a number.
std::vector<float> read_scores(const data::Dataset& pairs);

// What scores are divided by, so that they can be cosines: 1 where all lie in [-1, 1], else the largest
// magnitude rounded up (5 of STS-B).
double score_scale(const std::vector<float>& scores);

}  // namespace bertune::tasks
