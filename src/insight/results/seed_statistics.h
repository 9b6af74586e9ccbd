// Two groups of runs, each of several seeds, on the same rows: the difference of their means, with what rows
// and seeds add to its uncertainty.
#pragma once

#include <span>

#include "insight/results/statistics.h"

namespace bertune::insight {

// Student's t: the two-sided probability of at least |t|, and the quantile (of shares above 1/2).
double student_tails(double t, double degrees);
double student_quantile(double share, double degrees);

struct GroupDifference {
  double first_value = 0, second_value = 0;          // means over the seeds
  double first_deviation = 0, second_deviation = 0;  // standard deviation over the seeds (n - 1)
  Estimate difference = {};                          // second - first; deviation: standard error
  double degrees = 0;                                // of freedom
  double p_value = 1;
  double smallest = 0;  // that would be shown in four of five cases
};

// Each span: the metric of each seed, two or more, on the same rows in the same order.
//
// The variance of the difference is that of the seeds' values (Welch), and that of the rows' parts in it
// (linearized: a row's part is the change of the metric with it), less what both count, which is how seeds
// differ row by row. Degrees of freedom are Satterthwaite's. A bootstrap of five seeds would call too much
// proven: it takes their spread too small.
GroupDifference difference_of_groups(std::span<const Contributions> first,
                                     std::span<const Contributions> second);

}  // namespace bertune::insight
