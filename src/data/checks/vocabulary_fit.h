// Checks whether the vocabulary of the model to train fits the texts.
#pragma once

#include <span>
#include <vector>

#include "data/checks/check.h"

namespace bertune::data {

// Looks at the words of about 2,000 rows of the training set. Nothing where CheckOptions::tokenizer is null.
std::vector<Finding> check_vocabulary(std::span<const NamedTexts> sets, const CheckOptions& options);

}  // namespace bertune::data
