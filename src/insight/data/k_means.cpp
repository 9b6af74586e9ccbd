#include "insight/data/k_means.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/parallel.h"
#include "core/random.h"
#include "core/random_streams.h"

namespace bertune::insight {
namespace {

class Lloyd {
 public:
  Lloyd(std::span<const float> rows, std::int64_t width, std::int64_t clusters, std::uint64_t seed)
      : rows_(rows),
        width_(static_cast<std::size_t>(width)),
        count_(rows.size() / width_),
        random_(seed, kClusterStream) {
    clusters_ = std::min(static_cast<std::size_t>(clusters), count_);
    found_.of_row.resize(count_);
    found_.distances.assign(count_, std::numeric_limits<double>::infinity());
  }

  Clusters run() {
    constexpr int kMostIterations = 25;
    choose_centers();
    for (int i = 0; i < kMostIterations && assign(); ++i) move_centers();
    return std::move(found_);
  }

 private:
  std::span<const float> row(std::size_t index) const { return rows_.subspan(index * width_, width_); }
  std::span<const float> center(std::size_t index) const {
    return std::span(centers_).subspan(index * width_, width_);
  }

  double distance(std::size_t index, std::size_t cluster) const {
    const std::span<const float> one = row(index), other = center(cluster);
    double sum = 0;
    for (std::size_t i = 0; i < width_; ++i) {
      const double difference = double{one[i]} - double{other[i]};
      sum += difference * difference;
    }
    return sum;
  }

  // Each next center is a row drawn by its squared distance from those that are there.
  void choose_centers() {
    std::vector<double>& nearest = found_.distances;
    for (std::size_t cluster = 0; cluster < clusters_; ++cluster) {
      std::size_t chosen = random_.below(count_);
      if (cluster > 0) {
        double place = random_.uniform() * std::accumulate(nearest.begin(), nearest.end(), 0.0);
        for (chosen = 0; chosen + 1 < count_ && place > nearest[chosen]; ++chosen) place -= nearest[chosen];
      }
      const std::span<const float> own = row(chosen);
      centers_.insert(centers_.end(), own.begin(), own.end());
      parallel_for(static_cast<std::int64_t>(count_), [&](std::int64_t number) {
        const auto index = static_cast<std::size_t>(number);
        nearest[index] = std::min(nearest[index], distance(index, cluster));
      });
    }
  }

  // Returns whether any row has moved to another cluster.
  bool assign() {
    std::vector<char> moved(count_);
    parallel_for(static_cast<std::int64_t>(count_), [&](std::int64_t number) {
      const auto index = static_cast<std::size_t>(number);
      double best = std::numeric_limits<double>::infinity();
      std::int64_t cluster = 0;
      for (std::size_t other = 0; other < clusters_; ++other) {
        const double here = distance(index, other);
        if (here < best) best = here, cluster = static_cast<std::int64_t>(other);
      }
      moved[index] = found_.of_row[index] != cluster || is_first_ ? 1 : 0;
      found_.of_row[index] = cluster, found_.distances[index] = best;
    });
    is_first_ = false;
    return std::ranges::any_of(moved, [](char one) { return one != 0; });
  }

  // A cluster that lost all its rows keeps its center.
  void move_centers() {
    std::vector<double> sums(centers_.size()), rows(clusters_);
    for (std::size_t index = 0; index < count_; ++index) {
      const auto cluster = static_cast<std::size_t>(found_.of_row[index]);
      const std::span<const float> own = row(index);
      for (std::size_t i = 0; i < width_; ++i) sums[cluster * width_ + i] += double{own[i]};
      ++rows[cluster];
    }
    for (std::size_t i = 0; i < sums.size(); ++i)
      if (rows[i / width_] > 0) centers_[i] = static_cast<float>(sums[i] / rows[i / width_]);
  }

  std::span<const float> rows_;
  std::size_t width_, count_, clusters_ = 0;
  Random random_;
  std::vector<float> centers_;
  Clusters found_;
  bool is_first_ = true;
};

}  // namespace

Clusters k_means(std::span<const float> rows, std::int64_t width, std::int64_t clusters, std::uint64_t seed) {
  if (rows.empty() || clusters < 1) return {};
  return Lloyd(rows, width, clusters, seed).run();
}

}  // namespace bertune::insight
