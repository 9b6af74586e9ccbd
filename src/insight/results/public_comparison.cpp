#include "bertune/insight.h"
#include "insight/results/comparison.h"

namespace bertune {

std::vector<RunDifference> compare_runs(std::span<const std::filesystem::path> runs,
                                        const CompareOptions& options) {
  std::vector<insight::ComparedRun> compared;
  for (const std::filesystem::path& run : runs) compared.push_back(insight::read_compared(run));
  const insight::Comparisons result =
      insight::compare(compared, {.metric = options.metric,
                                  .set = options.set,
                                  .common_rows = options.common_rows,
                                  .resampling = {.resamples = options.resamples, .seed = options.seed}});
  std::vector<RunDifference> differences;
  for (const insight::Comparison& one : result.pairs) {
    differences.push_back({.first = one.first,
                           .second = one.second,
                           .first_runs = one.first_runs,
                           .second_runs = one.second_runs,
                           .first_value = one.first_value,
                           .second_value = one.second_value,
                           .first_deviation = one.first_deviation,
                           .second_deviation = one.second_deviation,
                           .difference = one.difference.value,
                           .low = one.difference.interval.low,
                           .high = one.difference.interval.high,
                           .only_first = one.only_first,
                           .only_second = one.only_second,
                           .p_value = one.p_value,
                           .adjusted = one.adjusted,
                           .smallest_difference = one.smallest});
  }
  return differences;
}

}  // namespace bertune
