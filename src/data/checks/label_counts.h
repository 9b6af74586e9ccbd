// The labels of all sets, counted, and what is odd about them.
#pragma once

#include <span>
#include <vector>

#include "data/checks/check.h"

namespace bertune::data {

// Fills result.label, labels, labeled, and the numbers of its sets, which are there. Returns what is odd, the
// most serious first.
std::vector<Finding> count_labels(std::span<const NamedTexts> sets, const CheckOptions& options,
                                  CheckResult& result);

}  // namespace bertune::data
