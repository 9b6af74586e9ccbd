// Sets that differ from the training set more than chance explains: in labels, lengths or words.
#pragma once

#include <span>
#include <vector>

#include "data/checks/check.h"

namespace bertune::data {

// Sets of at least 50 rows from other files than the training set are compared with it.
std::vector<Finding> find_drifts(std::span<const NamedTexts> sets, const CheckOptions& options);

}  // namespace bertune::data
