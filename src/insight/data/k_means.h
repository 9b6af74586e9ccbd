// k-means clustering of rows of the length 1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bertune::insight {

struct Clusters {
  std::vector<std::int64_t> of_row = {};  // [rows], in [0, clusters)
  std::vector<double> distances = {};     // [rows]: the square of that from the center
};

// Clusters rows [rows, width] into `clusters` (at most as many as rows) by k-means++ (Arthur and
// Vassilvitskii 2007) and Lloyd's iterations. The same rows and seed give the same clusters with any number
// of threads.
Clusters k_means(std::span<const float> rows, std::int64_t width, std::int64_t clusters, std::uint64_t seed);

}  // namespace bertune::insight
