// Labels that a person would not learn from the texts: told by one word or by the length, sorted, or written
// in two ways.
#pragma once

#include <span>
#include <vector>

#include "data/checks/check.h"

namespace bertune::data {

// Labels of one class each (CheckOptions::has_classes) that a word, the length or the order gives away.
std::vector<Finding> find_giveaways(std::span<const NamedTexts> sets, const CheckOptions& options);

// Labels that differ in case, blanks or punctuation, and rare ones at one or two typos from a frequent one.
// `labels` are those of all sets, the most frequent first.
std::vector<Finding> similar_labels(std::span<const NamedTexts> sets, const CheckOptions& options,
                                    std::span<const LabelCount> labels);

}  // namespace bertune::data
