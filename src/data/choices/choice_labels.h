// From what a file calls the right choice to its number.
#pragma once

#include <string_view>
#include <vector>

#include "data/choices/multiple_choice.h"

namespace bertune::data {

// Sets the labels of all questions from `given`, one a question. They are read as numbers from 0, as letters
// from A, or as texts of choices: as whatever fits most of them, for all alike. A note says which, unless
// they are numbers, and warns where another reading would fit all of them too. Throws Error naming file:line
// of a label that is missing (empty, or Hugging Face's -1) or names no choice.
void set_choice_labels(MultipleChoiceDataset& dataset, const std::vector<std::string_view>& given);

}  // namespace bertune::data
